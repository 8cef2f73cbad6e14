/* What riscv-early has of its own: exit and wait without a status, printf to a descriptor. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fcntl.h"
#include "check.h"

int main(void)
{
	struct stat st;
	int pid = fork();

	if (pid == 0)
		exit();
	ok(wait() == pid && wait() == -1, "exit and wait");
	ok(stat("README", &st) == 0 && st.type == T_FILE && sizeof(st.size) == 8,
		"the rest is riscv's");
	fprintf(1, "ok - fprintf %d\n", 1);
	printf(1, "ok - printf %d %p %l %s\n", -5, (void *)0x1234, (uint64)5 << 32, "text");
	exit();
}
