/* What file_dir.c says, on the memory file system. */
#define FOLDER "/dev/shm"
#include "file_dir.c"
