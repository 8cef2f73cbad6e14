/*
 * What the bytes of ACPI tables mean (Advanced Configuration and Power Interface Specification 6.5,
 * chapters 5 and 20). Pure functions over bytes: no byte outside [t, t + len) is read, whatever the
 * table says. Numbers are little-endian and at any address.
 */
#pragma once

#include "acpi.h"
#include "lib/types.h"

#define ACPI_RSDP_STEP 16 /* where an RSDP may begin (5.2.5.1) */
#define ACPI_RSDP_SIZE 36 /* of the longest form */
#define ACPI_HEADER_SIZE 36 /* what every other table begins with (5.2.6) */

/* The table of tables: the RSDT, whose entries have 32 bits, or the XSDT, whose have 64. */
struct acpi_root {
	u64 rsdt, xsdt; /* physical; 0: there is none */
};

/* Of the FADT (5.2.9). I/O ports are 0 if there are none. */
struct acpi_fadt {
	u64 dsdt; /* physical */
	u16 smi_command;
	u8 acpi_enable; /* to be written there; 0: always enabled */
	u16 pm1a_control, pm1b_control;
	bool has_reset;
	u8 reset_space; /* ACPI_SPACE_ */
	u64 reset_addr;
	u8 reset_value;
};
/* Generic address structure (5.2.3.2). */
#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO 1

/* Is there an RSDP (5.2.5.3) at t? Then *root is where it points. */
bool acpi_parse_rsdp(const u8 *t, u32 len, struct acpi_root *root);
/*
 * The length of the table with this header, ACPI_HEADER_SIZE bytes; 0 if the signature is another
 * or the length cannot be right.
 */
u32 acpi_table_length(const u8 *header, const char *signature);
/* Is the sum over the table 0, as 5.2.6 has it? */
bool acpi_checksum_ok(const u8 *t, u32 len);
/* The i-th entry of an RSDT (size 4: bytes of an entry) or XSDT (8). False behind the last. */
bool acpi_root_entry(const u8 *t, u32 len, unsigned size, unsigned i, u64 *addr);

/*
 * Fill *out from an MADT (5.2.12); boot_cpu is the APIC id of the CPU that must be among its own.
 * NULL, or what is wrong with the table; then *out is unchanged.
 */
const char *acpi_parse_madt(const u8 *t, u32 len, u8 boot_cpu, struct acpi *out);
/* False if the table is too short for what it must say. */
bool acpi_parse_fadt(const u8 *t, u32 len, struct acpi_fadt *out);
/*
 * What to write into the SLP_TYP fields of PM1a and PM1b for state S5 (7.4.2), by the first \_S5_
 * in a DSDT that reads as a package of constants. False if there is none.
 */
bool acpi_find_s5(const u8 *t, u32 len, u8 *type_a, u8 *type_b);
