/* Dictionaries of the seal's compression, shipped inside the program.
 *
 * FORMAT.md section 5. They are trained on invented persons by
 * tools/dictionary, live in storage/log/dictionary_N.bin, and are for ever: a
 * changed byte would make sealed records unreadable, so a better dictionary
 * gets the next number. Only the bytes are here; who uses them is compress.h
 * and expand.h. Context: any thread.
 */
#ifndef SG_STORAGE_LOG_DICTIONARY_H
#define SG_STORAGE_LOG_DICTIONARY_H

#include "storage/base/bytes.h"

/* Numbers run from 1 to this; the format has room up to 15. */
#define SG_DICTIONARY_COUNT        3
#define SG_DICTIONARY_SEALED_COUNT 2 /* of these, in seals */

#define SG_DICTIONARY_OPAQUE 1 /* of workload W and the like */
#define SG_DICTIONARY_RECORD 2 /* of records of the register */
#define SG_DICTIONARY_SHEET  3 /* of rows of the view: local, in no seal */

/* Gives the bytes of dictionary NUMBER; none when this program does not have
 * it. Static storage. */
struct sg_bytes sg_dictionary_get(unsigned number);

#endif
