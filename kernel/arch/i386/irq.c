/*
 * Interrupts: which controllers there are, and who is called.
 *
 * With ACPI tables and APICs an input has its global number (ACPI Specification 6.5, 5.2.13), and
 * the numbers of ISA interrupts are translated; else it has its number at the 8259s. Either way its
 * vector is VECTOR_FIRST_IRQ plus that number. Handlers are added during boot and never removed; a
 * chain grows at its end, by one store, so interrupts may come meanwhile. They come on the boot CPU
 * alone.
 */
#include "arch/irq.h"

#include "acpi.h"
#include "apic.h"
#include "arch.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "pic.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"

_Static_assert(VECTOR_FIRST_IRQ + APIC_INPUTS <= VECTOR_SYSCALL, "vectors of devices end below it");

struct irq_handler {
	void (*fn)(void *arg);
	void *arg;
	struct irq_handler *next;
};

static struct irq_handler *chains[APIC_INPUTS];
static bool have_apic;

bool irq_have_apic(void)
{
	return have_apic;
}

void irq_init(void)
{
	/*
	 * Also if they will not be used: they must be masked, and their vectors not those of
	 * exceptions. Where there are none, nobody listens.
	 */
	pic_init();
	have_apic = apic_init();
	if (!have_apic)
		log_warn("interrupts come by the 8259s: one CPU is used\n");
}

void irq_init_cpu(void)
{
	apic_init_cpu();
}

/* --- handlers --- */

/* An input of the I/O APICs, and how what is wired to it behaves. */
struct input {
	unsigned gsi;
	bool level, low;
};

/*
 * ISA interrupts are edges to the input of the same number, unless the tables say otherwise; what
 * comes behind them is PCI's. False if the input is another ISA interrupt's.
 */
static bool find_input(unsigned irq, struct input *in)
{
	bool isa = irq < ACPI_ISA_IRQS, taken = false;

	*in = (struct input){.gsi = irq, .level = !isa, .low = !isa};
	for (unsigned i = 0; i < acpi.noverrides; i++) {
		const struct acpi_override *o = &acpi.override[i];

		if (o->irq == irq) {
			*in = (struct input){.gsi = o->gsi, .level = o->level, .low = o->low};
			return true;
		}
		if (o->gsi == irq)
			taken = true;
	}
	return !taken;
}

static void append(struct irq_handler **link, struct irq_handler *h)
{
	while (*link)
		link = &(*link)->next;
	__atomic_store_n(link, h, __ATOMIC_RELEASE);
}

int irq_attach(unsigned irq, void (*fn)(void *arg), void *arg)
{
	struct input in = {.gsi = irq};
	struct irq_handler *h;

	if (have_apic && !find_input(irq, &in))
		return -EINVAL;
	if (in.gsi >= (have_apic ? APIC_INPUTS : PIC_INPUTS))
		return -EINVAL;
	h = kmalloc(sizeof(*h), 0);
	if (!h)
		return -ENOMEM;
	*h = (struct irq_handler){fn, arg, NULL};
	append(&chains[in.gsi], h);
	if (have_apic ? !apic_unmask(in.gsi, in.level, in.low) : !pic_unmask(in.gsi)) {
		/* No such input: nobody else can have been added to its chain. */
		chains[in.gsi] = NULL;
		kmfree(h);
		return -EINVAL;
	}
	return 0;
}

static void call(unsigned input)
{
	for (const struct irq_handler *h = chains[input]; h; h = h->next)
		h->fn(h->arg);
}

static void pic_dispatch(unsigned irq)
{
	if (irq >= PIC_INPUTS || pic_spurious(irq))
		return;
	call(irq);
	pic_end(irq);
}

void irq_dispatch(unsigned vector)
{
	if (!have_apic) {
		pic_dispatch(vector - VECTOR_FIRST_IRQ);
		return;
	}
	switch (vector) {
	case VECTOR_TIMER:
		apic_end();
		timer_interrupt();
		break;
	case VECTOR_IPI:
		apic_end();
		smp_interrupt();
		break;
	case VECTOR_SPURIOUS: /* is not to be ended (SDM volume 3, "Spurious Interrupt") */ break;
	default:
		/* A level is gone once its handlers have run, and may be told of again. */
		if (vector - VECTOR_FIRST_IRQ < APIC_INPUTS)
			call(vector - VECTOR_FIRST_IRQ);
		apic_end();
	}
}
