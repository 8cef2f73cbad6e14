/* The numbers of the system calls, SYS_name, for syscall(). */
#pragma once

#include <machine/sysnum.h>
