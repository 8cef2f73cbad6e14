/*
 * What fs_init calls, once, at boot.
 */
#pragma once

void file_module_init(void);
void filelock_module_init(void);
void names_module_init(void);
void pipe_module_init(void);
