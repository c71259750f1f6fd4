/* The version that every program prints. */
#ifndef SG_STORAGE_BASE_VERSION_H
#define SG_STORAGE_BASE_VERSION_H

/* Returns the release, such as "0.1.0"; static storage. Context: any thread. */
const char *sg_version(void);

#endif
