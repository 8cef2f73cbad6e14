/*
 * The kernel's basic types and the few macros that every file needs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef unsigned long ulong;
typedef unsigned int uint;
typedef u64 paddr_t; /* a physical address: 64 bits on every machine (PAE has 36) */

/* The host build takes these from the C library's headers. */
#if __STDC_HOSTED__
#include <sys/types.h>
#else
typedef long ssize_t;
typedef s64 off_t;
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define MIN(a, b)                   \
	({                          \
		__auto_type _a = (a); \
		__auto_type _b = (b); \
		_a < _b ? _a : _b;  \
	})
#define MAX(a, b)                   \
	({                          \
		__auto_type _a = (a); \
		__auto_type _b = (b); \
		_a > _b ? _a : _b;  \
	})

/* align is a power of two. */
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align) - 1))
#define ALIGN_UP(x, align) ALIGN_DOWN((x) + ((__typeof__(x))(align) - 1), align)
#define IS_ALIGNED(x, align) (((x) & ((__typeof__(x))(align) - 1)) == 0)

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define NORETURN __attribute__((noreturn))
#define NOINLINE __attribute__((noinline))

/*
 * For functions so short and so often called that a stack frame would show, and which call others
 * at their very end only. A kernel for debugging has frames everywhere, for its backtraces.
 */
#if defined(__clang__) || defined(DEBUG)
#define NO_FRAME
#else
#define NO_FRAME __attribute__((optimize("omit-frame-pointer")))
#endif
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define ALIGNED(n) __attribute__((aligned(n)))

/* A u64 that is accessed with __atomic built-ins: 32-bit machines align others to 4 bytes. */
typedef u64 ALIGNED(8) atomic_u64;
