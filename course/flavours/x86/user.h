/* The functions of programs for xv6 on the PC; docs/xv6.md says what each does here. */
struct stat;
struct rtcdate;

/* Processes */
int fork(void);
int exit(void) __attribute__((noreturn));
int wait(void);
int kill(int pid);
int exec(char *path, char **argv);
int getpid(void);
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
int unlink(const char *path);
int mkdir(const char *path);
int chdir(const char *path);

/* Memory */
char *sbrk(int bytes);
void *malloc(uint bytes);
void free(void *p);
void *memset(void *p, int byte, uint n);
void *memmove(void *to, const void *from, int n);

/* Strings */
uint strlen(const char *s);
char *strcpy(char *to, const char *from);
char *strchr(const char *s, char c);
int strcmp(const char *a, const char *b);
int atoi(const char *s);
char *gets(char *line, int room);
void printf(int fd, const char *format, ...);
