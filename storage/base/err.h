/* Errors: every function of ours that can fail returns one of these.
 *
 * The list is the only place where a code, its name and its sentence in both
 * languages are written. It is not a place for foreign codes: errno, LMDB, uv
 * and the like are translated at the border, in one function each.
 */
#ifndef SG_STORAGE_BASE_ERR_H
#define SG_STORAGE_BASE_ERR_H

/* X(name, code, English, Vietnamese). Codes are part of the tools' interface:
 * never renumbered, never reused. 1..99 general, 100..199 bytes and formats,
 * 200..299 storage, 300..399 replication, 400..499 registry, 500..599 node. */
/* clang-format off */
#define SG_ERR_LIST(X)                                                         \
    X(OK, 0, "no error", "không có lỗi")                                       \
    X(NOMEM, 1, "out of memory", "hết bộ nhớ")                                 \
    X(INVALID, 2, "an argument is not valid", "tham số không hợp lệ")          \
    X(LIMIT, 3, "a named limit is exceeded", "vượt quá một giới hạn đã đặt")   \
    X(NOTFOUND, 4, "not found", "không tìm thấy")                              \
    X(EXISTS, 5, "it exists already", "đã tồn tại")                            \
    X(STATE, 6, "not possible in this state",                                  \
      "không thực hiện được ở trạng thái này")                                 \
    X(IO, 7, "reading or writing failed", "lỗi đọc hoặc ghi")                  \
    X(CRYPTO, 8, "the cryptographic library refused",                          \
      "thư viện mật mã từ chối")                                               \
    X(TRUNCATED, 100, "the bytes end too early", "dữ liệu bị cụt")             \
    X(TRAILING, 101, "bytes are left over at the end", "thừa dữ liệu ở cuối")  \
    X(MALFORMED, 102, "the bytes do not follow the format",                    \
      "dữ liệu sai định dạng")                                                 \
    X(NOTCANONICAL, 103, "not the one canonical encoding",                     \
      "không phải dạng mã hóa chuẩn duy nhất")                                 \
    X(VERSION, 104, "a format version this program does not know",             \
      "phiên bản định dạng chưa được hỗ trợ")                                  \
    X(SIGNATURE, 105, "the signature does not verify", "chữ ký không đúng")    \
    X(DECRYPT, 106, "the seal does not open: wrong key or changed bytes",      \
      "không mở được niêm phong: sai khóa hoặc dữ liệu bị sửa")                \
    X(TYPE, 107, "a value of another type is wanted here",                     \
      "giá trị không đúng kiểu")                                               \
    X(TEXT, 108, "the text is not valid UTF-8",                                \
      "văn bản không phải UTF-8 hợp lệ") \
    X(PROOF, 200, "the proof does not fit", "bằng chứng không khớp")           \
    X(DAMAGED, 210, "the data on disk is damaged", \
      "dữ liệu trên đĩa bị hỏng") \
    X(FULL, 211, "the disk is full: writing resumes when there is room", \
      "đĩa đầy: sẽ ghi tiếp khi có chỗ") \
    X(FATAL, 212, "the disk failed to keep what was written: stop now", \
      "đĩa không giữ được dữ liệu đã ghi: phải dừng ngay") \
    X(BUSY, 213, "another process has the store open", \
      "tiến trình khác đang mở kho dữ liệu") \
    X(ACCESS, 214, "no permission", "không có quyền truy cập") \
    X(ERASED, 215, "the payload was erased by order", \
      "nội dung đã bị xóa theo lệnh") \
    X(NOTHELD, 216, "this node does not hold the payload", \
      "nút này không giữ nội dung") \
    X(CLOSED, 217, "the log is closed: nothing more is appended to it", \
      "nhật ký đã đóng: không ghi thêm nữa") \
    X(FORK, 218, "the log has forked: two signed histories exist", \
      "nhật ký bị rẽ nhánh: có hai lịch sử cùng được ký") \
    X(DONE, 300, "finished", "đã xong") \
    X(CERTIFICATE, 302, "the certificate is malformed", \
      "chứng thư sai định dạng") \
    X(UNTRUSTED, 303, \
      "the certificate is not signed by this registry's authority", \
      "chứng thư không do cơ quan quản lý của sổ này ký") \
    X(REVOKED, 304, "this node was revoked", "nút này đã bị thu hồi") \
    X(EXPIRED, 305, "the certificate has expired", \
      "chứng thư đã hết hạn") \
    X(DOUBLE, 306, "another session with this node is open", \
      "đã có phiên khác với nút này") \
    X(SLOW, 309, "no progress for too long", \
      "quá lâu không có tiến triển") \
    X(NOROOM, 310, "the peer has no room now, try later", \
      "nút kia đang bận, hãy thử lại sau") \
    X(STOPPING, 311, "this node is stopping", "nút này đang dừng") \
    X(STORAGE, 312, "this node cannot write now", \
      "nút này hiện không ghi được") \
    X(MAJOR, 313, "the peer speaks another major version", \
      "nút kia dùng phiên bản giao thức khác") \
    X(HANDSHAKE, 314, \
      "the handshake failed: another registry, or damaged bytes", \
      "bắt tay thất bại: sổ khác hoặc dữ liệu hỏng")
/* clang-format on */

enum sg_err {
#define SG_ERR_ENUM(name, code, english, vietnamese) SG_ERR_##name = code,
    SG_ERR_LIST(SG_ERR_ENUM)
#undef SG_ERR_ENUM
};

#define SG_OK         SG_ERR_OK
#define SG_USE_RESULT __attribute__((warn_unused_result))

enum sg_lang { SG_LANG_EN, SG_LANG_VI };

/* Names ERR as in the list, such as "TRUNCATED"; "UNKNOWN" for a foreign
 * number. Static storage. Context: any thread. */
const char *sg_err_name(enum sg_err err);

/* Says ERR in one sentence without a full stop. Static storage.
 * Context: any thread. */
const char *sg_err_text(enum sg_err err, enum sg_lang lang);

#endif
