/*
 * Random runs of the whole memory system against the model in vm_model.c.
 */
#include <stdio.h>

#include "unit.h"
#include "vm_model.h"

static void run(u32 first_seed, u32 seeds, unsigned steps, bool fail)
{
	for (u32 seed = first_seed; seed < first_seed + seeds; seed++) {
		struct model *m = model_create(NULL, 0, seed * 2654435761u);

		/* Whatever goes wrong ends the process: say where it was. */
		print_message("seed %u\n", seed);
		for (unsigned i = 0; i < steps; i++) {
			model_step(m, fail && i % 3 == 0);
			if (i % 500 == 499)
				model_check(m);
		}
		model_check(m);
		model_destroy(m);
	}
}

static void random_operations(void **state UNUSED)
{
	run(1, 12, 5000, false);
}

static void every_allocation_fails_once(void **state UNUSED)
{
	run(100, 6, 2000, true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(every_allocation_fails_once),
	};

	host_boot(64);
	/* vm_oracle_test SEED STEPS [fail]: one run, to look for more or to repeat one. */
	if (argc > 2) {
		run((u32)atoi(argv[1]), 1, (unsigned)atoi(argv[2]), argc > 3);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
