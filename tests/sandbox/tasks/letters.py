"""Pictures with letters of many scripts, by code that names no font, or one that it knows from other machines."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

LETTERS = (
    task(
        "labels in many scripts",
        """
        import matplotlib.pyplot as plt
        names = ["日本語", "简体", "한국어", "हिन्दी", "العربية", "עברית", "ภาษาไทย", "বাংলা", "தமிழ்", "ქართული", "😀"]
        plt.bar(names, range(len(names))); plt.title("売上 क्षत्रिय مرحبا", fontweight="bold"); plt.show()
        """,
        "",
        pictures=1,
    ),
    task(
        "fonts that are asked for by habit",
        """
        import matplotlib.pyplot as plt
        plt.rcParams["font.sans-serif"] = ["SimHei", "Microsoft YaHei"]
        plt.title("销售额", fontweight="bold"); plt.xlabel("日本語", fontname="Arial"); plt.show()
        plt.rcParams["font.family"] = "Noto Sans CJK JP"
        plt.title("한국어"); plt.ylabel("ไทย", fontname="Yu Gothic"); plt.show()
        """,
        "",
        pictures=2,
    ),
    task(
        "a formula beside words",
        "import matplotlib.pyplot as plt\nplt.title('面積 $x^2$ क $\\\\mathrm{東京}$'); plt.show()",
        "",
        pictures=1,
    ),
    task(
        "a theme of seaborn",
        "import seaborn as sns\nsns.set_theme()\nsns.barplot(x=['北京', '上海'], y=[1, 2])",
        "",
        pictures=1,
    ),
    task(
        "a font that nobody has",
        """
        import matplotlib.pyplot as plt
        plt.bar(["東京", "大阪", "京都"], [1, 2, 3]); plt.xticks(fontname="No Such Font"); plt.show()
        """,
        "findfont: Font family 'No Such Font' not found.",
        pictures=1,
    ),
    task(
        "drawn by Pillow",
        """
        from PIL import Image, ImageDraw, ImageFont
        def ink(text, name):
            image = Image.new("L", (200, 60)); font = ImageFont.truetype(name, 40)
            ImageDraw.Draw(image).text((5, 5), text, font=font, fill=255)
            return image.tobytes()
        for text, name in [("数据", "simhei.ttf"), ("数据", "NotoSansCJK-Regular.ttc"), ("กข", "NotoSansThai.ttf")]:
            print(ink(text[0], name) != ink(text[1], name))
        print(ink("a", "arial.ttf") == ink("a", "DejaVuSans.ttf"))
        """,
        "True\nTrue\nTrue\nTrue",
    ),
)
