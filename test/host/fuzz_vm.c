/*
 * The memory system against the model in vm_model.c, the input choosing the operations.
 */
#include "fuzz.h"
#include "vm_model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool booted;
	struct model *m;

	if (!booted) {
		host_boot(64);
		booted = true;
	}
	if (size == 0)
		return 0;
	m = model_create(data + 1, size - 1, 1);
	while (!model_done(m))
		model_step(m, data[0] & 1);
	model_check(m);
	model_destroy(m);
	return 0;
}
