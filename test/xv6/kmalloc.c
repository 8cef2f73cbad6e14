/* The kernel's memory, in a testing boot and in another. For all flavours that have it. */
#include "types.h"
#include "stat.h"
#include "fcntl.h"
#include "user.h"
#include "check.h"

int main(int argc, char *argv[])
{
	void *p = kmalloc(100), *q = kmalloc(5000);

	if (argc > 1) {
		ok(p && q && p != q, "kmalloc");
		ok(kmfree(p) == 0 && kmfree(q) == 0 && kmfree(0) == 0, "kmfree");
		ok(kmfree((void *)16) == -1, "kmfree of what is no block");
	} else {
		ok(!p && !q && kmfree(p) == -1, "there is no kmalloc");
	}
	exit();
}
