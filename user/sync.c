/* sync: writes everything that is dirty to the disk. */
#include <unistd.h>

int main(void)
{
	sync();
	return 0;
}
