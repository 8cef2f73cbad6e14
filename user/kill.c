/* kill [-SIGNAL] PID...: sends a signal. The shell has it as a builtin too, which knows jobs. */
#include <commands.h>
#include <tools.h>

int main(int argc, char **argv)
{
	return finish_output(kill_command(argc, argv));
}
