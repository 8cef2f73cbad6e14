/* printf FORMAT [ARG...]: writes its arguments in the form of FORMAT. */
#include <commands.h>
#include <tools.h>

int main(int argc, char **argv)
{
	return finish_output(printf_command(argc, argv));
}
