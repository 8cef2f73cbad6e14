/* What x86 has, and memory: of the kernel's allocator, and by mappings (mman.h). */
#include "../x86/user.h"

void *kmalloc(uint bytes);
int kmfree(void *p);
void *mmap(void *addr, uint length, int prot, int flags, int fd, int offset);
int munmap(void *addr, uint length);
int msync(void *addr, uint length);
