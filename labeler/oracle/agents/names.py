"""Names of generated worlds: every one a single token of the embedded agent.

Made up once, and so chosen that no two read alike: a checker of answers must not take one for the
other. A person has a first name and a surname; two people may share either.
"""

from __future__ import annotations

CITIES = [
    "Gilholm", "Velwick", "Cridhaven", "Kunmouth", "Flasholm", "Gemstead", "Varhaven",
    "Rorholm", "Dretmouth", "Fusby", "Temhaven", "Bimburg", "Dinhaven", "Grulby", "Stinholm",
    "Jidburg", "Drodby", "Tholby", "Wokgate", "Pradstead", "Tesford", "Vedton", "Nitby",
    "Crukwick", "Bronburg", "Stitburg", "Melburg", "Rumton", "Flukford", "Lorburg", "Sadford",
    "Zerby", "Donholm", "Klirhaven", "Thotford", "Gidwick", "Shenstead", "Zurstead", "Thirwick",
    "Mikton", "Wilton", "Jutburg", "Vikgate", "Likburg", "Gimby", "Hurby", "Drekgate",
    "Gramwick", "Fedford", "Sesholm",
]  # fmt: skip

COUNTRIES = [
    "Dramedor", "Brecriland", "Mepaland", "Likuvia", "Prefliria", "Jogoria", "Tujaria",
    "Ricristan", "Zeklonia", "Sujostan", "Drukuland", "Feravia", "Zakania", "Prupenia",
    "Sukonia", "Flogrovia", "Kothedor", "Gobivia", "Midonia", "Cruleria", "Brezonia", "Mupiria",
    "Mafloland", "Thetrinia",
]  # fmt: skip

ORGANISATIONS = [
    "Mudworks", "Sunbank", "Vetcorp", "Pitworks", "Nadunion", "Bidcorp", "Crusunion",
    "Klodcorp", "Zodpress", "Stetlabs", "Zatlabs", "Votunion", "Drodtech", "Panbank",
    "Flinunion", "Cakpress", "Klamunion", "Crenpress", "Shetunion", "Lerunion", "Drorbank",
    "Relcorp", "Brunworks", "Tirtech", "Pusbank", "Flidpress", "Fempress", "Ditlabs",
    "Dronunion", "Brarcorp", "Fadtech", "Mimlabs", "Lonworks", "Dentech", "Thodworks",
    "Pintech",
]  # fmt: skip

WORKS = [
    "Emberroad", "Wildbird", "Saltbird", "Winterwood", "Stormwood", "Stormhill", "Nightsong",
    "Dreamwood", "Velvetsong", "Glasssword", "Moonhill", "Wildgarden", "Amberlight",
    "Copperbird", "Wildletter", "Ashlight", "Embertide", "Wintersong", "Dreamstar",
    "Silverhill", "Saltgarden", "Wildwood", "Ironbird", "Frosthill", "Paperstar", "Stormfire",
    "Wildhill", "Ambersword", "Ashgarden", "Saltmirror", "Riverfire", "Frostdoor", "Hollowhill",
    "Ashtide", "Silvertide", "Copperhill", "Copperdoor", "Hollowroad", "Shadowbird",
    "Goldensong", "Moonwood", "Ironcrown", "Saltletter", "Ironsword", "Wildstar", "Salthill",
    "Winterbird", "Thornroad", "Amberhill", "Stonedoor", "Dreamcrown", "Riverwood",
    "Shadowwood", "Saltdoor", "Ironmirror", "Nightwood", "Frostroad", "Irongarden", "Riverstar",
    "Frostsword", "Coppersong", "Paperwood", "Glassdoor", "Velvetdoor", "Glassroad",
    "Ironletter", "Saltstar", "Goldendoor", "Wildlight", "Thornstar", "Velvethill", "Saltsword",
    "Dreambird", "Hollowdoor", "Shadowhill", "Stonesword", "Ashcrown", "Hollowfire",
    "Papertide", "Nightcrown", "Ironsong", "Nightlight", "Ashfire", "Shadowstar", "Moonbridge",
    "Thorncrown", "Froststar", "Emberdoor", "Nightfire", "Saltcrown",
]  # fmt: skip

ALIASES = [
    "Pomul", "Dostas", "Bruflok", "Lefis", "Pujek", "Wezad", "Jeded", "Bradron", "Shewid",
    "Thuras", "Tacrur", "Bistat", "Nopod", "Pewok", "Stufit", "Bavim", "Biten", "Vastik",
    "Mucas", "Wuklol", "Kevus", "Kicruk", "Shafit", "Wucen", "Veflam", "Flomus", "Kladat",
    "Klehun", "Trabror", "Hethom",
]  # fmt: skip

FIRST_NAMES = [
    "Ada", "Ben", "Cara", "Dov", "Edith", "Franz", "Greta", "Hugo", "Irma", "Jonas", "Karin",
    "Leon", "Mabel", "Nils", "Olga", "Pavel", "Rosa", "Simon", "Tilda", "Ulric", "Vera",
    "Walter", "Xenia", "Yusuf", "Zelda", "Anton", "Bruno", "Celia", "Dario", "Elsa", "Fiona",
    "Gideon", "Hanna", "Igor", "Judith", "Kemal", "Livia", "Marek", "Nadia", "Oscar",
]  # fmt: skip

SURNAMES = [
    "Shudov", "Berman", "Cirman", "Radis", "Zenis", "Crasis", "Hirov", "Shaslow", "Pomard",
    "Cruker", "Stadsen", "Hadard", "Badell", "Vekis", "Didard", "Pratman", "Floser", "Starell",
    "Crudell", "Drumard", "Cokov", "Walsen", "Pomell", "Caskin", "Wolov", "Natlow", "Zolez",
    "Dromer", "Shulez", "Bomov", "Sholard", "Shirsen", "Vemell", "Jemman", "Firard", "Jillow",
    "Vedman", "Colman", "Troker", "Ledez", "Cilov", "Dikell", "Dinov", "Cramell", "Gridis",
    "Proskin", "Dilez", "Borkin", "Malov", "Vemer",
]  # fmt: skip
