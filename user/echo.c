/* echo [-n] [TEXT...]: writes its arguments. */
#include <commands.h>
#include <tools.h>

int main(int argc, char **argv)
{
	return finish_output(echo_command(argc, argv));
}
