/* What file_stat.c says, on the memory file system: main, up to its done(), is there. */
#define FOLDER "/dev/shm"
#include "file_stat.c"
