/* The words of mmap. */
#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2

#define MAP_PRIVATE 0x01
#define MAP_SHARED 0x02
#define MAP_ANONYMOUS 0x04
#define MAP_ANON MAP_ANONYMOUS
#define MAP_FIXED 0x08	/* at the address, which must be free */
#define MAP_GROWSUP 0x10	/* grows by a page when the page above its end is touched */
#define MAP_FAILED ((void *)-1)
