/* Open flags and lock commands with machine-dependent values: none on this machine but this one. */
#pragma once

#define O_LARGEFILE 0
