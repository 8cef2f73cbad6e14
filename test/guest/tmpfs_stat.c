/* What file_stat.c says, on the memory file system. */
#define FOLDER "/dev/shm"
#include "file_stat.c"
