"""Seeded generators of French requests whose answer must follow a given format."""

import json
import random
import unicodedata
from collections.abc import Sequence

from families.common import Conversation, turn

Item = tuple[tuple[str, ...], tuple[str, ...]]

COUNT = 27
LARGE_COUNT = 36


def small(text: str) -> str:
    """Return the text with its first letter in lower case."""
    return text[0].lower() + text[1:]


def converse(rng: random.Random, items: Sequence[Item]) -> list[Conversation]:
    """Turn items (their prompts, their answers) into conversations, avoiding two like openings in a row."""
    conversations: list[Conversation] = []
    opening = ""
    for prompts, answers in rng.sample(items, len(items)):
        prompt = rng.choice([text for text in prompts if text.split()[0] != opening] or list(prompts))
        opening = prompt.split()[0]
        conversations.append(turn(prompt, rng.choice(answers)))
    return conversations


# Question, its answer in one word.
WORDS: tuple[tuple[str, str], ...] = (
    ("Quelle est la capitale de l'Italie ?", "Rome"),
    ("Quelle est la capitale du Portugal ?", "Lisbonne"),
    ("Quelle est la capitale de la Hongrie ?", "Budapest"),
    ("Quelle est la capitale de la Norvège ?", "Oslo"),
    ("Quelle est la capitale de la Belgique ?", "Bruxelles"),
    ("Quelle est la capitale de l'Autriche ?", "Vienne"),
    ("Quelle est la capitale de la Pologne ?", "Varsovie"),
    ("De quelle couleur est la neige fraîche ?", "Blanche"),
    ("De quelle couleur est une fraise mûre ?", "Rouge"),
    ("De quelle couleur est le charbon ?", "Noir"),
    ("De quelle couleur sont les pétales du bleuet ?", "Bleus"),
    ("Quel est le contraire de « facile » ?", "Difficile"),
    ("Quel est le contraire de « haut » ?", "Bas"),
    ("Quel est le contraire de « fort » ?", "Faible"),
    ("Quel est le contraire de « monter » ?", "Descendre"),
    ("Quel est le contraire de « guerre » ?", "Paix"),
    ("Quel insecte rouge à points noirs mange les pucerons ?", "Coccinelle"),
    ("Quel animal bondit avec son petit dans sa poche ?", "Kangourou"),
    ("Quel animal creuse des galeries et laisse de petits tas de terre ?", "Taupe"),
    ("Quel grand oiseau d'Afrique court vite mais ne vole pas ?", "Autruche"),
    ("Quelle planète porte le nom de la déesse romaine de l'amour ?", "Vénus"),
    ("Quelle planète met environ 165 ans à faire le tour du Soleil ?", "Neptune"),
    ("Quel astre de glace et de poussière traîne une longue queue lumineuse ?", "Comète"),
    ("Quel organe filtre le sang et produit l'urine ?", "Rein"),
    ("Quelle boîte osseuse protège le cerveau ?", "Crâne"),
    ("Quel sens utilise-t-on pour lire le braille avec les doigts ?", "Toucher"),
    ("Combien de côtés a un triangle ?", "Trois"),
    ("Combien font huit plus sept ?", "Quinze"),
    ("Combien de faces a un dé à jouer ?", "Six"),
    ("Quel est le féminin de « acteur » ?", "Actrice"),
    ("Quel est le pluriel de « cheval » ?", "Chevaux"),
    ("Quel est le pluriel de « journal » ?", "Journaux"),
    ("Quel est le féminin de « voisin » ?", "Voisine"),
    ("Dans quelle salle projette-t-on des films sur un grand écran ?", "Cinéma"),
    ("Avec quel fruit fait-on le cidre ?", "Pomme"),
    ("Quel gaz forme la plus grande partie de l'air ?", "Azote"),
    ("En quelle matière sont les défenses des éléphants ?", "Ivoire"),
    ("Quelle saison commence en juin en France ?", "Été"),
    ("Quel métal gris rouille à l'air humide ?", "Fer"),
    ("Sur quel continent se trouve le désert de Gobi ?", "Asie"),
    ("Quel océan borde l'est de l'Afrique ?", "Indien"),
    ("En quelle langue est écrite cette question ?", "Français"),
    ("Comment appelle-t-on le frère de ma mère ?", "Oncle"),
    ("Comment appelle-t-on la sœur de mon père ?", "Tante"),
    ("Quel grand instrument à quarante-sept cordes se joue avec les doigts ?", "Harpe"),
    ("Quel mois de l'année est le plus court ?", "Février"),
)


def one_word(rng: random.Random) -> list[Conversation]:
    """Ask an easy question to be answered by one word or name."""
    items: list[Item] = []
    for question, answer in rng.sample(WORDS, LARGE_COUNT):
        prompts = (
            f"{question} Réponds en un seul mot.",
            f"{question} Un mot suffit, sans phrase.",
            f"En un seul mot : {small(question)}",
            f"Sans faire de phrase, réponds : {small(question)}",
            f"Réponds par un mot, sans phrase. {question}",
            f"{question} Donne juste le mot.",
            f"Juste un mot, s'il te plaît : {small(question)}",
            f"J'attends un mot et rien d'autre. {question}",
        )
        items.append((prompts, (answer,)))
    return converse(rng, items)


# Text of one or two sentences, question, the span that answers.
PASSAGES: tuple[tuple[str, str, str], ...] = (
    ("Léa a rangé ses skis dans le grenier.", "Où sont les skis ?", "Dans le grenier"),
    ("Le bus part à midi. Omar l'attend devant la poste.", "Où Omar attend-il ?", "Devant la poste"),
    ("Le cartable de Noëlle est violet.", "De quelle couleur est le cartable ?", "Violet"),
    ("Hier, la pluie a retardé le match de deux heures.", "Qu'est-ce qui a retardé le match ?", "La pluie"),
    ("Chloé joue de la flûte et son frère joue du violon.", "De quoi joue le frère de Chloé ?", "Du violon"),
    ("Le chien de Mireille s'appelle Caramel.", "Comment s'appelle le chien ?", "Caramel"),
    ("La fête aura lieu samedi dans la salle communale.", "Quand aura lieu la fête ?", "Samedi"),
    ("Grand-mère prépare une soupe de potiron pour ce soir.", "Que prépare grand-mère ?", "Une soupe de potiron"),
    ("Le musée est fermé le mardi. Les autres jours, il ouvre à dix heures.", "Quel jour est-il fermé ?", "Le mardi"),
    ("Adrien a oublié son parapluie dans le train.", "Qu'a oublié Adrien ?", "Son parapluie"),
    ("Pour aller à l'école, Salma prend le tramway.", "Comment Salma va-t-elle à l'école ?", "En tramway"),
    ("La foudre a frappé un peuplier.", "Quel arbre a été frappé par la foudre ?", "Un peuplier"),
    ("Ma tante vit à Nice, mais elle est née à Brest.", "Où ma tante est-elle née ?", "À Brest"),
    ("Le brocanteur arrive sur la place à cinq heures.", "À quelle heure arrive-t-il ?", "À cinq heures"),
    ("Éric a offert un foulard de soie à sa femme.", "À qui Éric a-t-il offert un foulard ?", "À sa femme"),
    ("Le passeport était sous la nappe, pas dans le coffre.", "Où était le passeport ?", "Sous la nappe"),
    ("Après la promenade, les enfants ont bu un chocolat chaud.", "Qu'ont bu les enfants ?", "Un chocolat chaud"),
    (
        "Denis vient à pied parce que sa voiture est en panne.",
        "Pourquoi Denis vient-il à pied ?",
        "Parce que sa voiture est en panne",
    ),
    ("Sur la table, il y a un vase rempli de tulipes.", "Quelles fleurs sont dans le vase ?", "Des tulipes"),
    ("Sur le répondeur, il y a un message pour Irène.", "Pour qui est le message ?", "Pour Irène"),
    ("Farid apprend le chinois depuis quatre ans.", "Quelle langue apprend Farid ?", "Le chinois"),
    ("Le chat dort sur le radiateur quand il fait froid.", "Quand dort-il sur le radiateur ?", "Quand il fait froid"),
    ("Coralie a planté des radis au fond du jardin.", "Qu'a planté Coralie ?", "Des radis"),
    ("L'équipe bleue a gagné par trois buts à un.", "Quelle équipe a gagné ?", "L'équipe bleue"),
    ("Ce pont de pierre a été construit par les Romains.", "Qui a construit ce pont ?", "Les Romains"),
    ("Le car part à dix heures. Le taxi part à neuf heures.", "Lequel part en premier ?", "Le taxi"),
    ("Il reste six œufs dans le frigo et deux sur la table.", "Combien d'œufs sont sur la table ?", "Deux"),
    ("Pauline déteste les épinards, mais elle adore les petits pois.", "Quel légume aime-t-elle ?", "Les petits pois"),
    ("Le phare guide les bateaux pendant la nuit.", "Qu'est-ce qui guide les bateaux ?", "Le phare"),
    ("Sur la plage, Jade porte le chapeau de Quentin.", "À qui est le chapeau ?", "À Quentin"),
    ("Le sentier traverse la forêt, puis longe un petit lac.", "Que longe le sentier ?", "Un petit lac"),
    ("La vendeuse a emballé le cadeau dans du papier doré.", "Qui a emballé le cadeau ?", "La vendeuse"),
    ("Ils ont campé une semaine au bord de la Loire.", "Combien de temps ont-ils campé ?", "Une semaine"),
    ("Au dessert, on servira une tarte aux myrtilles.", "Que servira-t-on au dessert ?", "Une tarte aux myrtilles"),
    ("Sacha a raté son bus parce qu'il cherchait ses lunettes.", "Que cherchait Sacha ?", "Ses lunettes"),
    ("Mon père répare des horloges anciennes dans son atelier.", "Que répare mon père ?", "Des horloges anciennes"),
    ("La maison de Basile a un toit d'ardoise et des volets verts.", "De quelle couleur sont les volets ?", "Verts"),
    ("Les guêpes se sont installées sous le toit.", "Où les guêpes se sont-elles installées ?", "Sous le toit"),
    ("Élise court le lundi et nage le jeudi.", "Que fait Élise le jeudi ?", "Elle nage"),
    ("Le sac à dos de Gaspard pèse cinq kilos.", "Combien pèse le sac ?", "Cinq kilos"),
    ("Victoire a choisi des amandes et non des noix.", "Qu'a-t-elle choisi ?", "Des amandes"),
    ("Le vieux moulin sert aujourd'hui de restaurant.", "À quoi sert le moulin aujourd'hui ?", "De restaurant"),
)


def reading(rng: random.Random) -> list[Conversation]:
    """Ask a question about a short text, answered by a few of its words."""
    items: list[Item] = []
    for passage, question, span in rng.sample(PASSAGES, LARGE_COUNT):
        prompts = (
            f"« {passage} » {question}",
            f"Lis ceci : « {passage} » {question}",
            f"{passage} {question}",
            f"Texte : {passage}\nQuestion : {question}",
            f"{question} Cherche dans ce texte : « {passage} »",
            f"Voici un court texte. {passage} Réponds en quelques mots : {small(question)}",
        )
        items.append((prompts, (span,)))
    return converse(rng, items)


# Question, right option, three wrong options.
CHOICES: tuple[tuple[str, str, str, str, str], ...] = (
    ("Lequel de ces animaux pond des œufs ?", "la tortue", "le dauphin", "la souris", "le chat"),
    ("Lequel de ces animaux est un crustacé ?", "le homard", "la moule", "la sardine", "l'otarie"),
    ("Lequel de ces animaux a huit pattes ?", "le scorpion", "la mouche", "la fourmi", "le lézard"),
    ("Lequel de ces oiseaux chasse la nuit ?", "la chouette", "le pigeon", "le cygne", "la poule"),
    ("Lequel de ces fruits a un noyau ?", "la pêche", "la fraise", "la banane", "la mûre"),
    ("Lequel de ces légumes pousse sous la terre ?", "la carotte", "le chou-fleur", "la laitue", "le petit pois"),
    ("Lequel de ces arbres garde ses aiguilles en hiver ?", "le sapin", "le chêne", "le bouleau", "le tilleul"),
    ("De quel arbre tire-t-on un sirop sucré ?", "l'érable", "le cyprès", "le platane", "le peuplier"),
    ("Quelle ville se trouve en France ?", "Grenoble", "Milan", "Genève", "Anvers"),
    ("Quelle ville se trouve au bord de la mer ?", "Marseille", "Madrid", "Munich", "Dijon"),
    ("Quel pays a une frontière avec la France ?", "l'Espagne", "la Grèce", "l'Irlande", "la Suède"),
    ("Quel pays est une île ?", "l'Islande", "la Suisse", "la Pologne", "le Portugal"),
    ("Quelle montagne se trouve dans les Alpes ?", "le mont Blanc", "l'Everest", "l'Etna", "le Kilimandjaro"),
    ("Quelle planète tire son nom du dieu romain de la mer ?", "Neptune", "Vénus", "Mars", "Jupiter"),
    ("Quelle planète tourne entre Mercure et la Terre ?", "Vénus", "Mars", "Saturne", "Uranus"),
    ("Quel outil sert à mesurer une longueur ?", "le mètre ruban", "la pince", "la lime", "le tournevis"),
    ("Quel instrument a des cordes ?", "le violoncelle", "la trompette", "le tambour", "la flûte"),
    ("Quel instrument est une percussion ?", "les cymbales", "la harpe", "la clarinette", "le violon"),
    ("Quel mot est un verbe ?", "courir", "table", "joli", "demain"),
    ("Quel mot est un adjectif ?", "heureux", "manger", "fenêtre", "souvent"),
    ("Quel mot est au pluriel ?", "des bijoux", "un tapis", "le temps", "la souris"),
    ("Quel mot veut dire presque la même chose que « courageux » ?", "brave", "peureux", "lent", "triste"),
    ("Quel mot est le contraire de « jeune » ?", "vieux", "mince", "gentil", "pressé"),
    ("Quel mot rime avec « bateau » ?", "château", "voile", "marin", "rivière"),
    ("Quel mot est bien écrit ?", "beaucoup", "beaucou", "baucoup", "beaucoups"),
    ("Quelle forme n'a pas d'angle ?", "le cercle", "le carré", "le triangle", "le rectangle"),
    ("Quelle forme a quatre côtés égaux ?", "le carré", "le cercle", "le triangle", "l'ovale"),
    ("Quel nombre est pair ?", "14", "9", "21", "37"),
    ("Quel nombre est le plus grand ?", "802", "280", "208", "799"),
    ("Quelle boisson contient de la caféine ?", "le café", "le lait", "la limonade", "le jus de pomme"),
    ("Quel aliment vient du lait ?", "le yaourt", "le riz", "le miel", "l'huile"),
    ("Quel moyen de transport avance sous l'eau ?", "le sous-marin", "le voilier", "la péniche", "l'hélicoptère"),
    ("Quel moyen de transport n'a pas de moteur ?", "le deltaplane", "l'avion de ligne", "la moto", "le camion"),
    ("Quel vêtement se porte aux pieds ?", "les chaussettes", "le bonnet", "l'écharpe", "les gants"),
    ("Quel meuble sert à ranger la vaisselle ?", "le buffet", "le fauteuil", "le berceau", "le tabouret"),
    ("Quel métier s'exerce surtout en mer ?", "marin-pêcheur", "berger", "maçon", "libraire"),
    ("Quel liquide ne se mélange pas à l'eau ?", "l'huile", "le lait", "le sirop", "le vinaigre"),
    ("Quelle matière conduit bien l'électricité ?", "le cuivre", "le bois", "le caoutchouc", "le verre"),
    ("Quel sport se pratique dans l'eau ?", "le water-polo", "l'escrime", "le judo", "le cyclisme"),
    ("Quel jour fait partie du week-end ?", "dimanche", "mardi", "jeudi", "lundi"),
    ("Quelle couleur donne le rouge éclairci avec du blanc ?", "le rose", "le violet", "le marron", "le gris"),
    ("Quelle unité mesure une durée ?", "la seconde", "le gramme", "le mètre", "le litre"),
)


def multiple_choice(rng: random.Random) -> list[Conversation]:
    """Ask a question with four options, answered by the text of the right one."""
    items: list[Item] = []
    for question, right, *wrong in rng.sample(CHOICES, LARGE_COUNT):
        options = rng.sample([right, *wrong], 4)
        first, second, third, fourth = options
        flat = f"{first}, {second}, {third} ou {fourth}"
        prompts = (
            f"{question} Choisis : {flat}.",
            f"{question}\n- {first}\n- {second}\n- {third}\n- {fourth}",
            f"{question}\nA. {first}\nB. {second}\nC. {third}\nD. {fourth}\nÉcris la bonne option.",
            f"Choisis la bonne option. {question}\n{first} / {second} / {third} / {fourth}",
            f"Options : {first} ; {second} ; {third} ; {fourth}. {question}",
            f"Parmi ces options : {flat}. {question}",
        )
        items.append((prompts, (right,)))
    return converse(rng, items)


# Theme in the plural, words of the theme.
THEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fruits", ("banane", "cerise", "poire", "kiwi", "mangue")),
    ("légumes", ("carotte", "navet", "poireau", "radis", "tomate")),
    ("couleurs", ("beige", "gris", "mauve", "ocre", "turquoise")),
    ("animaux de la ferme", ("vache", "mouton", "cochon", "poule", "âne")),
    ("oiseaux", ("merle", "pigeon", "mésange", "cygne", "aigle")),
    ("poissons", ("truite", "saumon", "carpe", "sardine", "thon")),
    ("arbres", ("chêne", "bouleau", "sapin", "hêtre", "tilleul")),
    ("fleurs", ("jonquille", "pivoine", "violette", "iris", "lilas")),
    ("meubles", ("table", "chaise", "lit", "armoire", "commode")),
    ("outils", ("burin", "lime", "rabot", "tenaille", "truelle")),
    ("vêtements", ("robe", "pantalon", "gilet", "manteau", "jupe")),
    ("instruments de musique", ("piano", "flûte", "trombone", "trompette", "clarinette")),
    ("sports", ("tennis", "judo", "natation", "football", "escrime")),
    ("métiers", ("boulanger", "maçon", "pompier", "dentiste", "facteur")),
    ("pays d'Europe", ("Italie", "Espagne", "Norvège", "Pologne", "Grèce")),
    ("villes françaises", ("Lyon", "Nantes", "Bordeaux", "Rouen", "Toulouse")),
    ("fleuves", ("Seine", "Danube", "Nil", "Amazone", "Loire")),
    ("planètes", ("Mars", "Jupiter", "Vénus", "Saturne", "Neptune")),
    ("pièces de la maison", ("cuisine", "salon", "chambre", "grenier", "bureau")),
    ("parties du corps", ("bras", "jambe", "genou", "tête", "dos")),
    ("moyens de transport", ("train", "avion", "bateau", "vélo", "camion")),
    ("boissons", ("eau", "lait", "café", "limonade", "sirop")),
    ("desserts", ("tarte", "crêpe", "glace", "flan", "mousse")),
    ("insectes", ("abeille", "criquet", "mouche", "papillon", "guêpe")),
    ("métaux", ("fer", "cuivre", "or", "zinc", "plomb")),
    ("matières scolaires", ("histoire", "musique", "dessin", "français", "biologie")),
    ("verbes", ("chanter", "dormir", "lire", "marcher", "rire")),
    ("adjectifs", ("grand", "joli", "rapide", "lourd", "calme")),
    ("prénoms", ("Alice", "Bruno", "David", "Julie", "Sarah")),
    ("épices", ("poivre", "cannelle", "cumin", "safran", "gingembre")),
    ("langues", ("anglais", "grec", "italien", "polonais", "turc")),
    ("ustensiles de cuisine", ("louche", "fouet", "casserole", "passoire", "râpe")),
)

# Themes whose name is feminine.
FEMININE: frozenset[str] = frozenset(
    (
        "couleurs",
        "fleurs",
        "villes françaises",
        "planètes",
        "pièces de la maison",
        "parties du corps",
        "boissons",
        "matières scolaires",
        "épices",
        "langues",
    )
)


def sort_key(word: str) -> str:
    """Return a word without its accents and in lower case."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word.lower()) if letter.isascii())


def lists(rng: random.Random) -> list[Conversation]:
    """Ask to sort words or to write them as a list in a given format."""
    items: list[Item] = []
    for rank, (theme, words) in enumerate(rng.sample(THEMES, COUNT)):
        chosen = rng.sample(words, rng.choice((3, 4, 5)) if rank % 5 else 3)
        ordered = sorted(chosen, key=sort_key)
        if chosen == ordered:
            chosen.reverse()
        given = rng.choice((", ", " ; ", " / ")).join(chosen)
        kinds: tuple[Item, ...] = (
            (
                (
                    f"Range ces {theme} par ordre alphabétique, en les séparant par des virgules : {given}",
                    f"Mets dans l'ordre alphabétique, avec des virgules : {given}",
                    f"Voici des {theme} : {given}. Classe-les de A à Z, séparés par des virgules."
                    if theme not in FEMININE
                    else f"Voici des {theme} : {given}. Classe-les de A à Z, séparées par des virgules.",
                ),
                (", ".join(ordered),),
            ),
            (
                (
                    f"Écris ces {theme} en liste à puces : {given}",
                    f"Fais une liste à tirets avec ces {theme} : {given}",
                    f"Je veux un tiret devant chaque mot, un mot par ligne : {given}",
                ),
                ("\n".join(f"- {word}" for word in chosen),),
            ),
            (
                (
                    f"Donne ces {theme} sous forme de liste JSON : {given}",
                    f"Convertis en liste JSON : {given}",
                    f"Réponds seulement par une liste JSON qui contient ces {theme} : {given}",
                ),
                (json.dumps(chosen, ensure_ascii=False),),
            ),
            (
                (
                    f"Trie ces {theme} par ordre alphabétique et réponds en liste JSON : {given}",
                    f"Liste JSON, ordre alphabétique : {given}",
                    f"Ordonne de A à Z ces {theme}, puis donne une liste JSON : {given}",
                ),
                (json.dumps(ordered, ensure_ascii=False),),
            ),
            (
                (
                    f"Cite trois {theme} en les séparant par des virgules.",
                    f"Peux-tu nommer trois {theme}, avec des virgules et sans phrase ?",
                    f"Nomme trois {theme} sur une seule ligne, avec des virgules.",
                ),
                (", ".join(chosen[:3]),),
            ),
            (
                (
                    f"Numérote ces {theme} dans l'ordre alphabétique : {given}",
                    f"Transforme en liste numérotée, de A à Z : {given}",
                    f"Avec ces {theme}, fais une liste numérotée par ordre alphabétique : {given}",
                ),
                ("\n".join(f"{number}. {word}" for number, word in enumerate(ordered, 1)),),
            ),
        )
        items.append(kinds[rank % len(kinds)])
    return converse(rng, items)


# Two sentences, two ways of saying the same in a shorter one.
SUMMARIES: tuple[tuple[str, str, str], ...] = (
    (
        "Le ciel est devenu noir en fin d'après-midi. Un gros orage a éclaté et tout le monde est rentré.",
        "Un orage a fait rentrer tout le monde.",
        "Tout le monde est rentré à cause d'un orage.",
    ),
    (
        "Sylvie a cherché ses clés dans toute la maison. Elle les a enfin trouvées dans sa poche.",
        "Sylvie a retrouvé ses clés dans sa poche.",
        "Les clés de Sylvie étaient dans sa poche.",
    ),
    (
        "Le magasin ferme pour travaux à partir de lundi. Il rouvrira ses portes deux semaines plus tard.",
        "Le magasin ferme deux semaines pour travaux.",
        "Des travaux ferment le magasin pendant deux semaines.",
    ),
    (
        "Notre équipe perdait à la mi-temps. Elle a marqué trois buts ensuite et elle a gagné le match.",
        "Menée à la mi-temps, notre équipe a gagné.",
        "Notre équipe a gagné après une mauvaise mi-temps.",
    ),
    (
        "Arthur voulait faire un gâteau au chocolat. Comme il n'avait plus d'œufs, il a fait des sablés.",
        "Sans œufs, Arthur a fait des sablés.",
        "Arthur a fait des sablés, faute d'œufs.",
    ),
    (
        "Le train de huit heures a été supprimé. Les voyageurs ont dû prendre un autocar pour arriver en ville.",
        "Le train supprimé a été remplacé par un autocar.",
        "Les voyageurs ont pris un autocar à la place du train.",
    ),
    (
        "La petite chatte avait peur de descendre de l'arbre. Un pompier est monté la chercher avec une échelle.",
        "Un pompier a descendu la chatte de l'arbre.",
        "Un pompier a secouru une chatte perchée dans un arbre.",
    ),
    (
        "Mes grands-parents vivaient dans un appartement bruyant. Ils ont maintenant une ferme calme à la campagne.",
        "Mes grands-parents ont quitté le bruit pour la campagne.",
        "Mes grands-parents vivent maintenant au calme, à la campagne.",
    ),
    (
        "Le jardin manquait d'eau depuis un mois. Toutes les salades ont séché sur pied.",
        "Les salades ont séché par manque d'eau.",
        "Faute d'eau, les salades ont séché.",
    ),
    (
        "Amina apprend le piano depuis l'âge de six ans. Demain, elle jouera pour la première fois en public.",
        "Demain, Amina donnera son premier concert de piano.",
        "Amina jouera demain du piano en public pour la première fois.",
    ),
    (
        "La route du col est couverte de neige. La mairie demande aux conducteurs de passer par la vallée.",
        "À cause de la neige, il faut passer par la vallée.",
        "La neige oblige les conducteurs à passer par la vallée.",
    ),
    (
        "Le vieux cinéma était fermé depuis longtemps. Des habitants l'ont rénové et il reçoit à nouveau du public.",
        "Des habitants ont fait revivre le vieux cinéma.",
        "Rénové par des habitants, le vieux cinéma a rouvert.",
    ),
    (
        "Julie et Martin hésitaient entre la mer et la montagne. Ils ont finalement loué un chalet dans les Pyrénées.",
        "Julie et Martin ont choisi la montagne.",
        "Julie et Martin iront dans un chalet des Pyrénées.",
    ),
    (
        "L'ordinateur de la bibliothèque ne s'allume plus. Un technicien doit venir le réparer jeudi matin.",
        "L'ordinateur en panne sera réparé jeudi.",
        "Un technicien réparera l'ordinateur jeudi matin.",
    ),
    (
        "Le boulanger a créé un nouveau pain aux noix. Les clients l'aiment tant qu'il en manque chaque soir.",
        "Le nouveau pain aux noix a beaucoup de succès.",
        "Les clients adorent le nouveau pain aux noix.",
    ),
    (
        "Pendant la nuit, un renard est entré dans le poulailler. Heureusement, les poules étaient bien enfermées.",
        "Un renard est venu, mais les poules étaient à l'abri.",
        "Les poules, bien enfermées, ont échappé au renard.",
    ),
    (
        "Daniel a perdu son portefeuille au marché. Une dame honnête l'a rapporté le soir même chez lui.",
        "Une dame a rendu à Daniel son portefeuille perdu.",
        "Daniel a récupéré son portefeuille grâce à une dame honnête.",
    ),
    (
        "Les élèves ont ramassé les déchets de la plage toute la matinée. Ils ont rempli plus de vingt sacs.",
        "Les élèves ont rempli plus de vingt sacs sur la plage.",
        "En une matinée, les élèves ont nettoyé la plage.",
    ),
    (
        "Romain rêve de devenir pilote depuis l'enfance. Il vient de s'inscrire dans une école d'aviation.",
        "Romain commence ses études pour devenir pilote.",
        "Romain s'est inscrit dans une école pour devenir pilote.",
    ),
    (
        "Le fleuriste a reçu trop de roses ce matin. Il les vend donc à moitié prix jusqu'à ce soir.",
        "Les roses sont à moitié prix aujourd'hui.",
        "Ayant trop de roses, le fleuriste les vend moins cher.",
    ),
    (
        "Cécile a mal dormi à cause du bruit de la rue. Elle est arrivée très fatiguée au bureau.",
        "Cécile est fatiguée, car le bruit a gêné son sommeil.",
        "Le bruit a empêché Cécile de bien dormir.",
    ),
    (
        "Un couple de cigognes a construit son nid sur le clocher. Tout le village vient les photographier.",
        "Les cigognes du clocher attirent tout le village.",
        "Le village photographie un couple de cigognes sur le clocher.",
    ),
    (
        "Étienne pensait que le trajet durerait une heure. Il a roulé trois heures à cause des bouchons.",
        "Les bouchons ont allongé de deux heures le trajet d'Étienne.",
        "À cause des bouchons, Étienne a roulé trois heures.",
    ),
    (
        "La salle de bains fuyait depuis dimanche. Le plombier est passé ce matin et tout est réparé.",
        "Le plombier a réparé la fuite de la salle de bains.",
        "La fuite de la salle de bains est réparée.",
    ),
    (
        "Valérie a lu tous les livres de son étagère. Elle ira samedi à la bibliothèque pour en emprunter d'autres.",
        "Samedi, Valérie empruntera de nouveaux livres.",
        "Valérie a tout lu et ira emprunter d'autres livres.",
    ),
    (
        "Le vent soufflait trop fort sur le lac. Les organisateurs ont reporté la course de voiliers à dimanche.",
        "La course de voiliers est reportée à cause du vent.",
        "À cause du vent, la course aura lieu dimanche.",
    ),
    (
        "Enfant, Nicolas n'aimait pas les champignons. Aujourd'hui, il en cueille et en mange chaque automne.",
        "Nicolas aime maintenant les champignons.",
        "Nicolas a appris à aimer les champignons.",
    ),
    (
        "La maîtresse a apporté des vers à soie en classe. Les enfants les nourrissent et notent leur croissance.",
        "Les enfants élèvent des vers à soie en classe.",
        "En classe, les enfants observent des vers à soie.",
    ),
    (
        "Le pull préféré de Maud avait un trou au coude. Sa grand-mère l'a raccommodé avec un fil de la même couleur.",
        "La grand-mère de Maud a raccommodé son pull.",
        "Le pull troué de Maud a été raccommodé.",
    ),
    (
        "Fabrice a raté le dernier métro après le concert. Il est rentré chez lui à pied sous les étoiles.",
        "Sans métro, Fabrice est rentré à pied.",
        "Fabrice est rentré à pied après le dernier métro.",
    ),
)


def summaries(rng: random.Random) -> list[Conversation]:
    """Ask to sum up two short sentences in one shorter sentence."""
    items: list[Item] = []
    for text, first, second in rng.sample(SUMMARIES, COUNT):
        prompts = (
            f"Résume en une phrase : « {text} »",
            f"Dis l'essentiel en une seule phrase courte : {text}",
            f"{text} Fais-en une phrase plus courte.",
            f"« {text} » Résume ce texte en une phrase.",
            f"Raccourcis en une phrase : {text}",
            f"Que faut-il retenir de ce texte ? « {text} »",
        )
        items.append((prompts, (first, second)))
    return converse(rng, items)


FAMILIES = (one_word, reading, multiple_choice, lists, summaries)
