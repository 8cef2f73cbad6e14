/* The words of mmap. Memory may always be read. */
#define PROT_WRITE 1

#define MAP_ANONYMOUS 0
#define MAP_FILE 1	/* what is stored reaches the file */
