/* What file_dir.c says, on the memory file system: main, up to its done(), is there. */
#define FOLDER "/dev/shm"
#include "file_dir.c"
