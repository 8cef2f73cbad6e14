/* assert(): stops the program with file and line when a condition does not hold. */
#include <stdlib.h>

#undef assert
#ifdef NDEBUG
#define assert(cond) ((void)0)
#else
#define assert(cond) ((cond) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__, __func__))
#endif

#ifndef MV6_ASSERT_DECLARED
#define MV6_ASSERT_DECLARED
_Noreturn void assert_failed(const char *cond, const char *file, int line, const char *func);
#endif
