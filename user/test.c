/* test EXPRESSION: tells by its status whether a condition holds. */
#include <commands.h>

int main(int argc, char **argv)
{
	return test_command(argc, argv);
}
