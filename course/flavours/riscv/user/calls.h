/* The functions that all programs for xv6 on RISC-V have; docs/xv6.md says what each does here. */
#define SBRK_ERROR ((char *)-1)

struct stat;

/* Processes */
int fork(void);
int kill(int pid);
int exec(const char *path, char **argv);
int getpid(void);
int pause(int ticks);
int sleep(int ticks);
int uptime(void);

/* Files */
int open(const char *path, int flags);
int read(int fd, void *buf, int n);
int write(int fd, const void *buf, int n);
int close(int fd);
int dup(int fd);
int pipe(int *fds);
int fstat(int fd, struct stat *st);
int stat(const char *path, struct stat *st);
int mknod(const char *path, short major, short minor);
int link(const char *from, const char *to);
int symlink(const char *target, const char *path);
int unlink(const char *path);
int mkdir(const char *path);
int chdir(const char *path);

/* Memory */
char *sbrk(int bytes);
char *sbrklazy(int bytes);
char *sys_sbrk(int bytes, int how);
void *malloc(uint bytes);
void free(void *p);
void *mmap(void *addr, __SIZE_TYPE__ length, int prot, int flags, int fd, long long offset);
int munmap(void *addr, __SIZE_TYPE__ length);
void *memset(void *p, int byte, uint n);
void *memmove(void *to, const void *from, int n);
void *memcpy(void *to, const void *from, uint n);
int memcmp(const void *a, const void *b, uint n);

/* Strings */
uint strlen(const char *s);
char *strcpy(char *to, const char *from);
char *strchr(const char *s, char c);
int strcmp(const char *a, const char *b);
int atoi(const char *s);
char *gets(char *line, int room);
void fprintf(int fd, const char *format, ...);
