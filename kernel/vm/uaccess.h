/*
 * The kernel's access to user memory. Every copy survives any pointer: a page that is merely absent
 * is faulted in, anything else ends the copy with -EFAULT. All may sleep (no lock of rank MM or
 * above held), except between uaccess_nofault_begin and _end, where a page that is not entered ends
 * the copy.
 */
#pragma once

#include "lib/types.h"
#include "machine/param.h"

/* 0 or -EFAULT; part may have been copied then. */
int copyin(void *dst, ulong src, size_t n);
int copyout(ulong dst, const void *src, size_t n);
/* The number of bytes that were NOT copied. */
size_t copyin_some(void *dst, ulong src, size_t n);
size_t copyout_some(ulong dst, const void *src, size_t n);
/* Zero user memory: bytes NOT zeroed. */
size_t clearout_some(ulong dst, size_t n);
/*
 * Copy a string with its NUL. Its length without the NUL, -EFAULT, or -ENAMETOOLONG if there is no
 * NUL in size bytes.
 */
ssize_t copyin_str(char *dst, ulong src, size_t size);

/* Typed shorthands: read or write *ptr at user address va. 0 or -EFAULT. */
#define COPYIN(ptr, va) copyin(ptr, va, sizeof(*(ptr)))
#define COPYOUT(va, ptr) copyout(va, ptr, sizeof(*(ptr)))

/*
 * Bring the pages of [va, va+n) in for an access (PROT_READ or PROT_WRITE). 0, -EFAULT, or -ENOMEM.
 */
int uaccess_prefault(ulong va, size_t n, unsigned access);
void uaccess_nofault_begin(void);
void uaccess_nofault_end(void);
/* Is [va, va+n) inside user space (says nothing about mappings)? */
static inline bool uaccess_ok(ulong va, size_t n)
{
	return n <= USER_TOP && va <= USER_TOP - n;
}

/* A scatter list of user or kernel memory, consumed as bytes are copied. */
struct iovec {
	ulong base;
	size_t len;
};

struct uio {
	struct iovec *iov; /* current element and those after it */
	size_t done;	   /* bytes of the current element that are used up */
	size_t left;	   /* bytes in all */
	bool kernel;	   /* the bases are kernel addresses */
};

/* One user (or kernel) buffer as a uio; iov lives as long as u. */
static inline void uio_init(struct uio *u, struct iovec *iov, ulong base, size_t len, bool kernel)
{
	iov->base = base;
	iov->len = len;
	*u = (struct uio){ .iov = iov, .left = len, .kernel = kernel };
}
/*
 * Copy min(n, u->left) bytes and advance. Returns how many were copied: fewer than asked means a
 * bad address, and u stands at it.
 */
size_t uio_put(struct uio *u, const void *src, size_t n); /* into the buffers described by u */
size_t uio_get(struct uio *u, void *dst, size_t n);	  /* out of them */
size_t uio_put_zero(struct uio *u, size_t n);
/* Fault in the next bytes (at most n) of the current element. 0 or -EFAULT. */
int uio_prefault(const struct uio *u, size_t n, unsigned access);
