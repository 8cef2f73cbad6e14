/* clear: empties the screen of a terminal that knows the ANSI sequences. */
#include <stdio.h>
#include <tools.h>

int main(void)
{
	fputs("\033[H\033[2J", stdout);
	return finish_output(0);
}
