/* Devices, as mknod numbers them. */
#define CONSOLE 1

#define mkdev(major, minor) ((uint)((major) << 16 | (minor)))
#define major(dev) ((dev) >> 16 & 0xFFFF)
#define minor(dev) ((dev) & 0xFFFF)
