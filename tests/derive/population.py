"""Derives tools/data/population.txt: `population.py FOLDER` prints the file.

Ages and the surnames of the country come from the public tables in FOLDER. The
rest is written out below: what is typical of Thanh Hoa and of its western
districts is plausible only, made for invented persons, and no statistic.
"""

import csv
import pathlib
import sys

HEAD = """\
sogoc population 1
# What invented citizens of Thanh Hoa are made of. The format is described in
# README.md beside this file. No name here is that of a person.
#
# Provenance. Ages: UN DESA, population of Viet Nam 2020 by age and sex.
# Surnames of the set "kinh": the published national list of the 30 most
# frequent, with those typical of the province raised. Everything else (other
# surnames, middle and given names, shares of peoples by district) was written
# for this file: plausible, not counted."""

# Times as frequent in the province as in the country.
RAISED = {"Lê": 2.0, "Nguyễn": 1.05, "Trịnh": 3.0, "Hà": 1.5, "Lương": 1.5,
          "Phạm": 1.2, "Bùi": 1.2}
RARE = """Lại Tống Mạc Thiều Doãn La Quách Tô Đàm Khương Nghiêm Hứa Tào Viên Lường
    Hàn Cù Đồng Triệu Mã""".split()
FAMILIES = {
    "muong": "Bùi:26 Quách:12 Trương:18 Phạm:20 Cao:12 Hà:12",
    "thai": "Hà:22 Lò:14 Vi:18 Lương:14 Ngân:12 Lộc:8 Cầm:4 Lê:4 Phạm:4",
    "mong": "Giàng:18 Thao:18 Hơ:14 Sùng:14 Lâu:14 Vàng:12 Mùa:10",
}
MIDDLES = {
    1: """Hữu Đức Công Quang Minh Xuân Ngọc Đình Thanh Duy Tuấn Anh Quốc Bá Trọng Viết
        Thế Gia Hoàng Mạnh""",
    2: """Ngọc Thu Thanh Hồng Kim Mai Phương Minh Diệu Quỳnh Bích Thùy Lan Như Khánh
        Hà Thảo Huyền Cẩm Bảo""",
}
# Cohort: born before 1960, before 1990, later.
GIVEN = {
    (1, 1): """Bảy Bính Cần Chiến Chung Cư Dần Điền Giáp Hải Hiền Hòa Hợi Khang Khoa Kỳ
        Lâm Lợi Lực Mão Minh Nghĩa Ngọ Nhân Phúc Quý Sáu Sơn Tài Tâm Tân Thành Thảo Thân
        Thìn Thọ Thuận Tích Toàn Tỵ Vinh Xuân Hóa Khỏe""",
    (1, 2): """An Bình Cường Chính Dũng Dương Đại Đạt Đông Hà Hải Hiếu Hòa Hoàng Hùng
        Hưng Khánh Kiên Lâm Long Lương Mạnh Minh Nam Nghĩa Phong Quân Quang Quyết Sơn
        Tâm Thái Thắng Thành Thịnh Tiến Toàn Trung Trường Tú Tuấn Tùng Việt Vinh Hóa""",
    (1, 3): """Anh Bách Bảo Bình Dũng Duy Đạt Đức Hải Hiếu Hoàng Huy Hưng Khang Khánh
        Khoa Khôi Kiên Lâm Long Minh Nam Nguyên Nhật Phát Phong Phúc Quân Quang Sơn Tài
        Thành Thiện Thịnh Tiến Trí Trung Tuấn Tùng Việt Vinh Vũ Hòa""",
    (2, 1): """Ba Bảy Bưởi Cúc Chanh Chiên Đào Điều Gái Hạnh Hảo Hiền Hoa Hòa Huệ Lan Lành
        Lê Liên Loan Lý Mai Mận Minh Mùi Na Ngân Nhàn Nhung Nụ Oanh Phượng Quế Sâm Sáu
        Tám Thảo Thìn Thơm Thuận Thúy Tư Vân Xuân""",
    (2, 2): """Anh Bích Châu Cúc Dung Duyên Giang Hà Hải Hằng Hạnh Hiền Hoa Hòa Hoài Hồng
        Huệ Hương Hường Huyền Lan Liên Linh Loan Lý Mai Minh Nga Ngân Nhung Oanh Phương
        Phượng Quyên Tâm Thanh Thảo Thơm Thủy Thúy Trang Tuyết Vân Xuân Yến""",
    (2, 3): """Anh An Chi Châu Dương Duyên Giang Hà Hân Hằng Hiền Hoa Hòa Hương Huyền Khánh
        Lan Linh Loan Ly Mai My Mỹ Nga Ngân Ngọc Nhi Nhung Phương Quỳnh Tâm Thảo Thư
        Thùy Thủy Thúy Trâm Trang Trinh Tú Uyên Vân Vy Yến""",
}
GIVEN_MONG = {1: "Páo Sử Chống Dơ Lâu Pó Tủa Chìa Dế Nếnh Vạng Súa",
              2: "Mỷ Dợ Xay Súa Mai Chư Pàng Dính Sùng Cá Máy Sông"}
# Code, ground (1 lowland, 2 mountain, 3 mountain in the west), then of 1,000
# persons how many are Kinh, Muong, Thai and Mong. Code 0: all other districts.
DISTRICTS = [(0, 1, 975, 21, 4, 0), (384, 3, 60, 50, 450, 440), (385, 3, 110, 240, 640, 10),
             (386, 3, 170, 500, 330, 0), (387, 3, 80, 90, 800, 30),
             (388, 3, 170, 330, 500, 0), (389, 2, 270, 710, 20, 0),
             (390, 2, 400, 590, 10, 0), (391, 2, 440, 560, 0, 0),
             (396, 3, 450, 40, 510, 0), (402, 3, 550, 50, 400, 0),
             (403, 2, 600, 240, 160, 0)]


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = [HEAD]

    def add(*fields):
        lines.append("\t".join(map(str, fields)))

    def read(name):
        with open(folder / name, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    for row in read("vn_age_pyramid_2020.csv"):
        first, _, last = row["age_group"].partition("-")
        if not last:
            first, last = first.rstrip("+"), "104"
        add("age", first, last, row["male"], row["female"])
    total = 0
    for row in read("vn_surnames.csv"):
        name = row["surname"].partition("/")[0]  # the northern form
        share = round(float(row["percent_national"]) * 100)
        total += share
        add("family", "kinh", round(share * RAISED.get(name, 1)), name)
    for name in RARE:
        add("family", "kinh", (10000 - total) // len(RARE), name)
    for people, text in FAMILIES.items():
        for item in text.split():
            name, _, weight = item.partition(":")
            add("family", people, weight, name)
    for sex, text in MIDDLES.items():
        for name in text.split():
            add("middle", sex, name)
    for (sex, cohort), text in GIVEN.items():
        for name in text.split():
            add("given", "kinh", sex, cohort, name)
    for sex, text in GIVEN_MONG.items():
        for name in text.split():
            for cohort in (1, 2, 3):
                add("given", "mong", sex, cohort, name)
    for row in DISTRICTS:
        add("district", *row)
    add("end", len(lines) - 1)
    sys.stdout.buffer.write("\n".join(lines).encode() + b"\n")


if __name__ == "__main__":
    main()
