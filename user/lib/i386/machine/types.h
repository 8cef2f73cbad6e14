/* Types whose size the machine's system-call interface decides. */
#pragma once

typedef long time_t;
