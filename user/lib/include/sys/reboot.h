/* Stopping the machine. */
#pragma once

#define RB_AUTOBOOT 0x01234567
#define RB_HALT_SYSTEM 0xcdef0123
#define RB_POWER_OFF 0x4321fedc

/* Does not sync: what is not written is lost. Returns only on failure. */
int reboot(unsigned command);
