/* What file_io.c says, on the memory file system. */
#define FOLDER "/dev/shm"
#include "file_io.c"
