"""Seeded generators of short French puzzles that call for the shortest right answer."""

import random
from collections.abc import Sequence

from families.common import Conversation, capital, turn

# Wordings of the question, the answer, the instructions that suit it.
Item = tuple[tuple[str, ...], str, tuple[str, ...]]

COUNT = 40

# An instruction that ends with a colon only goes before a question of one sentence.
FREE: tuple[str, ...] = (
    "Réponds en quelques mots, sans phrase.",
    "Réponds brièvement.",
    "Donne seulement la réponse.",
    "Pas de phrase, juste la réponse.",
    "Sois bref.",
)
FREE_COLON: tuple[str, ...] = (*FREE, "En quelques mots, sans phrase :", "Brièvement :")
ARTICLE: tuple[str, ...] = (*FREE, "Donne seulement le mot, avec son article.", "Juste le nom et son article.")
WORD: tuple[str, ...] = (
    "Réponds en un mot.",
    "Un seul mot suffit.",
    "Donne seulement le mot.",
    "Juste le mot, s'il te plaît.",
    "Donne seulement la réponse.",
    "Réponds brièvement.",
)
WORD_COLON: tuple[str, ...] = (*WORD, "En un mot :")
LETTER: tuple[str, ...] = ("Donne seulement la lettre.", "Juste la lettre, s'il te plaît.", "Réponds par une lettre.")
NAME: tuple[str, ...] = (
    "Réponds en un mot.",
    "Donne seulement le prénom.",
    "Juste le prénom, s'il te plaît.",
    "Réponds en quelques mots, sans phrase.",
    "Réponds brièvement.",
    "Donne seulement la réponse.",
)
NUMBER: tuple[str, ...] = (
    "Donne seulement le nombre.",
    "Juste le nombre, s'il te plaît.",
    "Réponds par un nombre, sans phrase.",
    "Réponds en chiffres.",
)


def small(text: str) -> str:
    """Return the text with its first letter in lower case."""
    return text[0].lower() + text[1:]


def words(text: str) -> int:
    """Count the words of a text, leaving out lone punctuation marks."""
    return sum(any(character.isalnum() for character in word) for word in text.split())


def instruct(rng: random.Random, question: str, hints: Sequence[str]) -> str:
    """Put an instruction before or after the question, or leave it out."""
    place = rng.choice(("after", "after", "before", "before", "none"))
    if place == "none" and words(question) > 5:
        return question
    hint = rng.choice(hints)
    if hint.endswith(":"):
        return f"{hint} {small(question)}" if ":" not in question and ". " not in question else question
    return f"{hint} {question}" if place == "before" else f"{question} {hint}"


def converse(rng: random.Random, items: Sequence[Item]) -> list[Conversation]:
    """Turn items into conversations, avoiding two like openings in a row."""
    conversations: list[Conversation] = []
    opening = ""
    for questions, answer, hints in rng.sample(items, len(items)):
        prompts = [instruct(rng, question, hints) for question in rng.sample(questions, len(questions)) * 4]
        prompts = [text for text in prompts if 6 <= words(text) and len(text.split()) <= 30]
        prompt = next((text for text in prompts if text.split()[0] != opening), prompts[0])
        opening = prompt.split()[0]
        conversations.append(turn(prompt, capital(answer)))
    return conversations


# First names that begin with a sounded consonant, so that « que » never changes before them.
WOMEN: tuple[str, ...] = (
    "Nadia",
    "Salomé",
    "Clémence",
    "Rosalie",
    "Zoé",
    "Maëlle",
    "Capucine",
    "Solène",
    "Fanny",
    "Margot",
    "Paloma",
    "Djamila",
    "Lison",
    "Bérénice",
)
MEN: tuple[str, ...] = (
    "Basile",
    "Malik",
    "Tristan",
    "Gaspard",
    "Karim",
    "Victor",
    "Marius",
    "Rémi",
    "Joris",
    "Félix",
    "Samir",
    "Tiago",
    "Quentin",
    "Lubin",
)

# Adjective for a man and for a woman, then the opposite question for a man and for a woman.
TRAITS: tuple[tuple[str, str, str, str], ...] = (
    ("grand", "grande", "plus petit", "plus petite"),
    ("âgé", "âgée", "plus jeune", "plus jeune"),
    ("rapide", "rapide", "plus lent", "plus lente"),
    ("fort", "forte", "plus faible", "plus faible"),
    ("riche", "riche", "plus pauvre", "plus pauvre"),
    ("calme", "calme", "plus agité", "plus agitée"),
    ("bavard", "bavarde", "moins bavard", "moins bavarde"),
    ("patient", "patiente", "moins patient", "moins patiente"),
    ("gourmand", "gourmande", "moins gourmand", "moins gourmande"),
    ("courageux", "courageuse", "moins courageux", "moins courageuse"),
    ("soigneux", "soigneuse", "moins soigneux", "moins soigneuse"),
    ("prudent", "prudente", "moins prudent", "moins prudente"),
    ("matinal", "matinale", "moins matinal", "moins matinale"),
    ("frileux", "frileuse", "moins frileux", "moins frileuse"),
    ("distrait", "distraite", "moins distrait", "moins distraite"),
    ("adroit", "adroite", "plus maladroit", "plus maladroite"),
    ("souple", "souple", "moins souple", "moins souple"),
    ("curieux", "curieuse", "moins curieux", "moins curieuse"),
)

# Fact about two people, question whose answer is the first one, question whose answer is the second one.
DEEDS: tuple[tuple[str, str, str], ...] = (
    ("{a} se lève plus tôt que {b}", "qui quitte son lit en premier", "qui se lève le plus tard"),
    ("{a} habite plus loin de l'école que {b}", "qui a le plus long trajet", "qui habite le plus près de l'école"),
    ("{a} court moins vite que {b}", "qui perd la course", "qui gagne la course"),
    ("{a} a payé sa veste plus cher que {b}", "qui a dépensé le plus", "qui a dépensé le moins"),
    ("{a} saute plus haut que {b}", "qui saute le plus haut", "qui saute le moins haut"),
    ("{a} lit moins de romans que {b}", "qui lit le moins", "qui lit le plus"),
    ("{a} nage plus longtemps que {b}", "qui sort de l'eau en dernier", "qui arrête de nager en premier"),
    ("{a} arrive à la gare avant {b}", "qui arrive en premier", "qui arrive en dernier"),
    ("{a} porte un sac plus lourd que {b}", "qui porte le plus de poids", "qui a le sac le plus léger"),
    ("{a} chante moins fort que {b}", "qui chante le plus doucement", "qui chante le plus fort"),
    ("{a} se couche plus tard que {b}", "qui veille le plus longtemps", "qui va au lit en premier"),
    ("{a} a cueilli plus de mûres que {b}", "qui a le panier le plus rempli", "qui a cueilli le moins de mûres"),
    ("{a} a moins de billes que {b}", "qui a le moins de billes", "qui possède le plus de billes"),
    ("{a} a fini son dessin après {b}", "qui a fini en dernier", "qui a fini en premier"),
    ("{a} lance la balle moins loin que {b}", "qui fait le lancer le plus court", "qui lance le plus loin"),
    ("{a} mange plus vite que {b}", "qui vide son assiette en premier", "qui mange le plus lentement"),
)

# Fact about two things, question, answer.
THINGS: tuple[tuple[str, str, str], ...] = (
    ("le tabouret coûte moins cher que le fauteuil", "quel siège est le plus cher", "le fauteuil"),
    ("la jument galope plus vite que le poney", "quel animal est le plus lent", "le poney"),
    ("la valise bleue est plus lourde que la verte", "laquelle est la plus légère", "la verte"),
    ("le clocher est plus haut que le moulin", "quel bâtiment est le plus bas", "le moulin"),
    ("le train part plus tôt que le car", "quel transport part le plus tard", "le car"),
    ("la boulangerie est plus près que la poste", "quel endroit est le plus loin", "la poste"),
    ("le sentier est plus étroit que la piste", "quel chemin est le plus large", "la piste"),
    ("le lac est moins profond que le canal", "où l'eau est-elle la plus profonde", "dans le canal"),
    ("la soupe est plus chaude que la purée", "quel plat est le plus froid", "la purée"),
    ("le ruban est plus court que la ficelle", "qu'est-ce qui est le plus long", "la ficelle"),
    ("le grenier est plus sombre que la cuisine", "quelle pièce est la plus claire", "la cuisine"),
    ("le film dure plus longtemps que le spectacle", "qu'est-ce qui dure le moins longtemps", "le spectacle"),
    ("le coussin est plus mou que le matelas", "qu'est-ce qui est le plus dur", "le matelas"),
    ("la tour est plus ancienne que le pont", "quelle construction est la plus récente", "le pont"),
)


def comparisons(rng: random.Random) -> list[Conversation]:
    """Ask which of two or three people or things is more or less so."""
    items: list[Item] = []
    traits = rng.sample(TRAITS, 16)
    for man, woman, low_man, low_woman in traits[:12]:
        first, second = rng.sample(WOMEN + MEN, 2)
        is_woman = first in WOMEN
        both = is_woman and second in WOMEN
        adjective = woman if is_woman else man
        sign = rng.choice(("plus", "plus", "moins"))
        high = f"la plus {woman}" if both else f"le plus {man}"
        low = f"la {low_woman}" if both else f"le {low_man}"
        top, bottom = (first, second) if sign == "plus" else (second, first)
        asked, answer = rng.choice(((high, top), (low, bottom), (low, bottom)))
        fact = f"{first} est {sign} {adjective} que {second}"
        questions: tuple[str, ...] = (
            f"{fact}. Qui est {asked} des deux ?",
            f"Si {fact}, qui est {asked} ?",
            f"On sait que {fact}. Dis-moi qui est {asked}.",
            f"Qui est {asked}, {first} ou {second}, sachant que {fact} ?",
            f"Entre {first} et {second}, qui est {asked}, si {fact} ?",
        )
        items.append((questions, answer, NAME))
    for man, woman, low_man, low_woman in traits[12:]:
        group, is_woman = rng.choice(((WOMEN, True), (MEN, False)))
        first, second, third = rng.sample(group, 3)
        adjective = woman if is_woman else man
        high = f"la plus {woman}" if is_woman else f"le plus {man}"
        low = f"la {low_woman}" if is_woman else f"le {low_man}"
        asked, answer = rng.choice(((high, first), (low, third)))
        fact = f"{first} est plus {adjective} que {second}, et {second} est plus {adjective} que {third}"
        questions = (f"{fact}. Qui est {asked} des trois ?", f"Si {fact}, qui est {asked} ?")
        items.append((questions, answer, NAME))
    for fact, ask_first, ask_second in rng.sample(DEEDS, 13):
        first, second = rng.sample(WOMEN + MEN, 2)
        fact = fact.format(a=first, b=second)
        asked, answer = rng.choice(((ask_first, first), (ask_second, second)))
        questions = (
            f"{fact}. {capital(asked)} ?",
            f"Si {fact}, {asked} ?",
            f"{fact}. À ton avis, {asked} ?",
            f"{capital(asked)}, {first} ou {second}, sachant que {fact} ?",
        )
        items.append((questions, answer, NAME))
    for fact, asked, answer in rng.sample(THINGS, 11):
        questions = (
            f"{capital(fact)}. {capital(asked)} ?",
            f"Si {fact}, {asked} ?",
            f"Sachant que {fact}, {asked} ?",
            f"On me dit que {fact}. Alors, {asked} ?",
        )
        items.append((questions, answer, FREE))
    return converse(rng, items)


# Words to repeat in a motif.
MOTIFS: tuple[tuple[str, str, str], ...] = (
    ("tambour", "flûte", "harpe"),
    ("ocre", "mauve", "beige"),
    ("étoile", "nuage", "comète"),
    ("cerise", "figue", "melon"),
    ("losange", "cercle", "carré"),
    ("hibou", "renard", "loutre"),
    ("botte", "sandale", "chausson"),
    ("sucre", "sel", "poivre"),
    ("galet", "coquillage", "algue"),
    ("tulipe", "iris", "jasmin"),
    ("barque", "radeau", "voilier"),
    ("debout", "assis", "couché"),
    ("gauche", "droite", "centre"),
    ("brique", "planche", "tuile"),
    ("perle", "bouton", "ruban"),
    ("saut", "pas", "pirouette"),
    ("lanterne", "bougie", "torche"),
    ("brioche", "gaufre", "crêpe"),
)

# Order of the words in a motif; the last one is the answer.
PATTERNS: tuple[tuple[int, ...], ...] = (
    (0, 1, 0, 1, 0, 1),
    (0, 1, 0, 1, 0, 1, 0),
    (0, 0, 1, 0, 0, 1, 0, 0, 1),
    (0, 0, 1, 0, 0, 1, 0),
    (0, 1, 1, 0, 1, 1, 0, 1),
    (0, 1, 1, 0, 1, 1, 0),
    (0, 1, 2, 0, 1, 2),
    (0, 1, 2, 0, 1, 2, 0),
    (0, 1, 2, 0, 1, 2, 0, 1),
)

# Letters shown, next letter.
LETTERS: tuple[tuple[str, str], ...] = (
    ("J, K, L, M", "N"),
    ("R, S, T, U", "V"),
    ("D, E, F, G", "H"),
    ("A, C, E, G", "I"),
    ("Z, Y, X, W", "V"),
    ("H, G, F, E", "D"),
    ("M, P, M, P, M", "P"),
    ("B, B, K, B, B", "K"),
    ("T, O, U, T, O", "U"),
    ("S, L, L, S, L, L", "S"),
    ("F, R, Y, F, R, Y", "F"),
    ("P, Q, R, S", "T"),
)

# Days shown, next day.
DAYS: tuple[tuple[str, str], ...] = (
    ("mardi, mercredi, jeudi", "vendredi"),
    ("vendredi, samedi, dimanche", "lundi"),
    ("samedi, dimanche, lundi", "mardi"),
    ("jeudi, mercredi, mardi", "lundi"),
    ("lundi, mercredi, vendredi", "dimanche"),
    ("dimanche, samedi, vendredi", "jeudi"),
    ("mardi, samedi, mardi, samedi, mardi", "samedi"),
)

# Months shown, next month.
MONTHS: tuple[tuple[str, str], ...] = (
    ("mars, avril, mai", "juin"),
    ("juin, juillet, août", "septembre"),
    ("octobre, novembre, décembre", "janvier"),
    ("décembre, novembre, octobre", "septembre"),
    ("janvier, mars, mai", "juillet"),
    ("février, avril, juin", "août"),
    ("novembre, décembre, janvier", "février"),
    ("août, juillet, juin", "mai"),
)

# Situation in which one counts, step.
COUNTS: tuple[tuple[str, int], ...] = (
    ("Je compte de façon régulière : {s}. Quel nombre vient juste après ?", 2),
    ("On monte l'escalier en comptant les marches : {s}. Quel nombre dit-on ensuite ?", 1),
    ("Sur cette règle, on lit {s}. Quel nombre lit-on ensuite ?", 5),
    ("Le joueur marque toujours autant de points : {s}. Quel sera son prochain score ?", 10),
    ("Les maisons de ce côté de la rue portent les numéros {s}. Quel numéro suit ?", 2),
    ("Le thermomètre grimpe de façon régulière : {s}. Que va-t-il indiquer ensuite ?", 5),
    ("Ajoute à cette série son prochain nombre : {s}, …", 10),
    ("Les casiers du vestiaire se suivent : {s}. Quel est le numéro du prochain casier ?", 1),
    ("Quel nombre continue la suite {s} ?", 5),
    ("Les chaussettes se comptent par paires : {s}. Et ensuite, quel nombre ?", 2),
    ("Un enfant compte ses petits tas de cailloux : {s}. Quel nombre annonce-t-il ensuite ?", 5),
    ("Les pages du carnet défilent : {s}. Quelle page vient maintenant ?", 1),
    ("Suis le rythme de ces nombres : {s}. Lequel faut-il ajouter à la fin ?", 10),
    ("La tirelire se remplit chaque semaine : {s} euros. Combien d'euros la semaine prochaine ?", 2),
)


def sequences(rng: random.Random) -> list[Conversation]:
    """Ask for what comes next in a motif or in an ordered list."""
    shown: list[tuple[str, str, str, str, tuple[str, ...]]] = []
    for motif in rng.sample(MOTIFS, 14):
        chosen = rng.sample(motif, 3)
        series = [chosen[index] for index in rng.choice(PATTERNS)]
        # The motif is seen at least once and a half before the blank.
        shown.append((", ".join(series[:-1]), series[-1], "quel mot", "le prochain mot", WORD))
    for text, answer in rng.sample(LETTERS, 7):
        shown.append((text, answer, "quelle lettre", "la prochaine lettre", LETTER))
    for text, answer in rng.sample(DAYS, 4):
        shown.append((text, answer, "quel jour", "le prochain jour", WORD))
    for text, answer in rng.sample(MONTHS, 5):
        shown.append((text, answer, "quel mois", "le prochain mois", WORD))
    items: list[Item] = []
    for text, answer, which, following, hints in shown:
        questions: tuple[str, ...] = (
            f"{capital(which)} vient ensuite : {text}, … ?",
            f"Complète avec {following} : {text}, …",
            f"Voici une suite : {text}. {capital(which)} faut-il ajouter ?",
            f"Après {text}, {which} doit-on écrire ?",
            f"{capital(text)}, … {capital(which.split()[0])} est {following} ?",
            f"Observe bien cette série : {text}. Trouve {following}.",
            f"Dans la série {text}, {which} manque à la fin ?",
        )
        items.append((questions, answer, hints))
    for text, step in rng.sample(COUNTS, 10):
        start = step * rng.randint(1, 4) if step > 1 else rng.randint(3, 24)
        series_text = ", ".join(str(start + step * rank) for rank in range(4))
        items.append(((text.format(s=series_text),), str(start + step * 4), NUMBER))
    return converse(rng, items)


# Number words, from deux on.
NUMERALS: tuple[str, ...] = (
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
)

# Operation, situation, noun of the answer (empty: a bare number).
SUMS: tuple[tuple[str, str, str], ...] = (
    ("+", "Combien font {a} plus {b} ?", ""),
    ("+", "Quelle est la somme de {a} et de {b} ?", ""),
    ("+", "J'ajoute {b} à {a}. Quel nombre est-ce que j'obtiens ?", ""),
    ("-", "Combien font {a} moins {b} ?", ""),
    ("-", "Si j'enlève {b} à {a}, quel nombre reste-t-il ?", ""),
    ("-", "Quelle est la différence entre {a} et {b} ?", ""),
    ("d", "Quel est le double de {a} ?", ""),
    ("d", "Quel nombre obtient-on en multipliant {a} par 2 ?", ""),
    ("h", "Quelle est la moitié de {a} ?", ""),
    ("h", "On partage {a} en deux parts égales. Combien vaut chaque part ?", ""),
    ("+", "Un fermier trouve {a} œufs le matin et {b} le soir. Combien en a-t-il ?", "œufs"),
    ("+", "Dans le bocal nagent {a} poissons ; on en ajoute {b}. Combien y en a-t-il maintenant ?", "poissons"),
    ("+", "Lison plante {a} tulipes puis {b} iris. Combien de fleurs a-t-elle plantées ?", "fleurs"),
    ("+", "Un car transporte {a} passagers et {b} autres montent. Combien sont-ils à bord ?", "passagers"),
    ("+", "Le matin, Samir lit {a} pages, et l'après-midi {b}. Combien de pages en tout ?", "pages"),
    ("+", "Un puzzle a {a} pièces posées. J'en pose encore {b}. Combien de pièces sont posées ?", "pièces"),
    ("+", "La chorale compte {a} filles et {b} garçons. Combien d'enfants chantent ?", "enfants"),
    ("+", "Au marché des lutins, un chapeau coûte {a} pièces et une cape {b}. Quel est le total ?", "pièces"),
    ("+", "Sur le fil se posent {a} hirondelles, puis {b} de plus. Combien d'oiseaux voit-on ?", "oiseaux"),
    ("+", "Karim marche {a} kilomètres samedi et {b} dimanche. Quelle distance parcourt-il ?", "kilomètres"),
    ("+", "Zoé range {a} livres en haut et {b} en bas. Combien de livres a-t-elle rangés ?", "livres"),
    ("+", "Au port, {a} voiliers dorment déjà et {b} autres accostent. Combien de voiliers à quai ?", "voiliers"),
    ("+", "Mon frère a {a} ans. Quel âge aura-t-il dans {b} ans ?", "ans"),
    ("-", "Un arbre portait {a} poires ; {b} sont tombées. Combien de poires reste-t-il dessus ?", "poires"),
    ("-", "Margot avait {a} timbres et en donne {b}. Combien lui en reste-t-il ?", "timbres"),
    ("-", "Dans l'autobus, {a} voyageurs sont assis ; {b} descendent. Combien restent à bord ?", "voyageurs"),
    ("-", "J'ai {a} euros et j'achète un carnet à {b} euros. Combien me reste-t-il ?", "euros"),
    ("-", "Le boulanger a cuit {a} brioches et en a vendu {b}. Combien n'en a-t-il pas vendu ?", "brioches"),
    ("-", "Une guirlande a {a} ampoules, dont {b} sont grillées. Combien brillent encore ?", "ampoules"),
    ("-", "Il faut {a} chaises ; nous en avons {b}. Combien en manque-t-il ?", "chaises"),
    ("-", "Félix doit peindre {a} volets et en a peint {b}. Combien doit-il encore en peindre ?", "volets"),
    ("-", "La corde mesurait {a} mètres. On en coupe {b}. Quelle longueur garde-t-on ?", "mètres"),
    ("-", "Une boîte contenait {a} biscuits. La souris en a grignoté {b}. Combien sont intacts ?", "biscuits"),
    ("-", "Parmi {a} élèves, {b} portent des lunettes. Combien n'en portent pas ?", "élèves"),
    ("-", "Mon cousin a {a} ans et sa sœur a {b} ans de moins. Quel âge a-t-elle ?", "ans"),
    ("-", "Sur {a} bougies, le vent en éteint {b}. Combien restent allumées ?", "bougies"),
    ("d", "Paloma saute {a} fois, et Joris deux fois plus. Combien de sauts fait Joris ?", "sauts"),
    ("d", "Une recette demande {a} prunes. Combien en faut-il pour la doubler ?", "prunes"),
    ("d", "On compte {a} vélos au garage. Combien de roues cela fait-il ?", "roues"),
    ("d", "Le tiroir contient {a} paires de gants. Combien de gants sont dedans ?", "gants"),
    ("d", "Chaque côté du chemin a {a} peupliers. Combien de peupliers le bordent ?", "peupliers"),
    ("d", "Deux sacs contiennent chacun {a} noix. Combien de noix en tout ?", "noix"),
    ("h", "Deux sœurs se partagent {a} images à égalité. Combien chacune en reçoit-elle ?", "images"),
    ("h", "Un ruban de {a} centimètres est plié en deux. Quelle est sa longueur pliée ?", "centimètres"),
    ("h", "La moitié des {a} danseurs porte un chapeau. Combien de chapeaux voit-on ?", "chapeaux"),
    ("h", "Avec {a} baguettes de bois, combien de paires peut-on former ?", "paires"),
    ("h", "Une course de {a} tours vient d'atteindre sa moitié. Combien de tours reste-t-il ?", "tours"),
    ("h", "Il y avait {a} moutons au pré et la moitié est rentrée. Combien sont encore dehors ?", "moutons"),
)


def small_sums(rng: random.Random) -> list[Conversation]:
    """Ask for a tiny sum, difference, double or half, bare or in a situation."""
    items: list[Item] = []
    for operation, text, noun in rng.sample(SUMS, COUNT):
        first, second, result = rng.randint(5, 16), rng.randint(3, 12), 0
        if operation == "+":
            result = first + second
        elif operation == "-":
            first, result = first + second, first
        elif operation == "d":
            first = rng.randint(3, 14)
            result = 2 * first
        else:
            result = rng.randint(2, 14)
            first = 2 * result
        numerals = bool(noun) and max(first, second) <= 16 and rng.random() < 0.5
        shown = [NUMERALS[number - 2] if numerals else str(number) for number in (first, second)]
        question = text.format(a=shown[0], b=shown[1])
        named = bool(noun) and rng.random() < 0.5
        items.append(((question,), f"{result} {noun}" if named else str(result), FREE if named else NUMBER))
    return converse(rng, items)


# Definition, word with its article.
MEANINGS: tuple[tuple[str, str], ...] = (
    ("un outil à deux lames pour tailler les rosiers", "le sécateur"),
    ("un meuble à tiroirs où l'on range le linge", "la commode"),
    ("un chapeau rond et plat, souvent en laine, sans bord", "le béret"),
    ("une petite pièce de tissu pour se moucher", "le mouchoir"),
    ("un récipient percé de trous pour égoutter les pâtes", "la passoire"),
    ("un siège suspendu par des cordes, au jardin", "la balançoire"),
    ("une toile tendue entre deux arbres pour se reposer", "le hamac"),
    ("un appareil qui grille les tranches de pain", "le grille-pain"),
    ("un objet dont l'aiguille indique le nord", "la boussole"),
    ("une boîte où l'on glisse ses économies", "la tirelire"),
    ("un bâton de cire qui éclaire grâce à sa mèche", "la bougie"),
    ("un livre qui explique le sens des mots", "le dictionnaire"),
    ("un appareil qui mesure la durée d'une course à la seconde près", "le chronomètre"),
    ("un tapis que l'on pose devant la porte d'entrée", "le paillasson"),
    ("un petit coussin rempli de plumes sur lequel on pose la tête pour dormir", "l'oreiller"),
    ("l'endroit où l'on emprunte des livres", "la bibliothèque"),
    ("l'endroit où les avions décollent et atterrissent", "l'aéroport"),
    ("une pièce sous le toit où l'on garde les vieilles malles", "le grenier"),
    ("un terrain planté de pommiers ou de cerisiers", "le verger"),
    ("une plante dont les grappes donnent le vin", "la vigne"),
    ("une terre entourée d'eau de tous les côtés", "l'île"),
    ("un lieu où l'on expose des tableaux et des statues", "le musée"),
    ("une tour avec une lumière qui guide les bateaux", "le phare"),
    ("une maison de neige bâtie par les Inuits", "l'igloo"),
    ("un abri de verre où poussent les plantes fragiles", "la serre"),
    ("une étendue de sable très sèche et presque sans plantes", "le désert"),
    ("la personne qui répare les tuyaux et les robinets", "le plombier"),
    ("la personne qui fabrique ou répare des meubles en bois précieux", "l'ébéniste"),
    ("la personne qui construit des murs en briques", "le maçon"),
    ("la personne qui soigne les animaux malades", "le vétérinaire"),
    ("la personne qui dirige un orchestre avec une baguette", "le chef d'orchestre"),
    ("la personne qui élève des abeilles", "l'apiculteur"),
    ("la personne qui vend des fleurs en bouquets", "le fleuriste"),
    ("la personne qui garde les moutons au pâturage", "le berger"),
    ("la personne qui apporte les lettres à la maison", "le facteur"),
    ("la personne qui ferre les chevaux", "le maréchal-ferrant"),
    ("un oiseau noir et blanc qui nage mais ne vole pas", "le manchot"),
    ("un petit mammifère couvert de piquants qui se roule en boule", "le hérisson"),
    ("un insecte rouge à points noirs qui mange les pucerons", "la coccinelle"),
    ("un rongeur à queue plate qui bâtit des barrages", "le castor"),
    ("un animal lent qui porte sa coquille en spirale sur le dos", "l'escargot"),
    ("un mammifère volant qui dort la tête en bas", "la chauve-souris"),
    ("un reptile qui change de couleur", "le caméléon"),
    ("un animal marin à huit bras et à ventouses", "la pieuvre"),
    ("l'action de dormir un peu après le déjeuner", "la sieste"),
    ("l'action de couper le blé mûr dans les champs", "la moisson"),
    ("l'action de sauter dans l'eau la tête la première", "le plongeon"),
    ("la somme payée chaque mois pour louer un logement", "le loyer"),
)

# Riddle in the first person, word with its article.
RIDDLES: tuple[tuple[str, str], ...] = (
    ("J'ai des dents mais je ne mords jamais, et je passe dans les cheveux", "le peigne"),
    ("J'ai un manche et des poils, et je balaie la poussière du sol", "le balai"),
    ("On m'ouvre quand il pleut et on me referme au soleil", "le parapluie"),
    ("Je montre ton visage, mais tout y est inversé", "le miroir"),
    ("J'ai des barreaux et l'on monte sur moi pour atteindre le toit", "l'échelle"),
    ("Je guide le fil à travers le tissu et je pique les doigts distraits", "l'aiguille"),
    ("Je tombe du ciel en flocons blancs", "la neige"),
    ("Je montre mes couleurs quand le soleil brille sous la pluie", "l'arc-en-ciel"),
    ("Je te suis partout au soleil et je disparais dans le noir", "l'ombre"),
    ("Je répète tes paroles au milieu des montagnes", "l'écho"),
    ("Je fais avancer la barque quand tu me plonges dans l'eau", "la rame"),
    ("J'efface les traits du crayon et je m'use peu à peu", "la gomme"),
    ("Je laisse couler mon sable pour compter les minutes", "le sablier"),
    ("Je ferme les portes ou je les ouvre en tournant dans la serrure", "la clé"),
    ("Accrochée au mur, je fais tic-tac et mes aiguilles tournent sans cesse", "l'horloge"),
    ("Gonflé, léger et coloré, je m'envole si tu lâches ma ficelle", "le ballon"),
    ("Je danse au bout d'un fil quand le vent souffle sur la plage", "le cerf-volant"),
    ("J'effraie les oiseaux au milieu du champ avec mon vieux chapeau", "l'épouvantail"),
)


def definitions(rng: random.Random) -> list[Conversation]:
    """Ask for the word that a definition or a riddle describes."""
    items: list[Item] = []
    for meaning, word in rng.sample(MEANINGS, 28):
        questions: tuple[str, ...] = (
            f"Comment appelle-t-on {meaning} ?",
            f"Quel nom donne-t-on à {meaning} ?",
            f"Devine le mot : {meaning}.",
            f"{capital(meaning)} : quel est ce mot ?",
            f"Trouve le mot qui désigne {meaning}.",
            f"Je cherche un mot. Sa définition : {meaning}.",
        )
        items.append((questions, word, (*ARTICLE, "Brièvement :")))
    for riddle, word in rng.sample(RIDDLES, 12):
        questions = (
            f"{riddle}. Qui suis-je ?",
            f"Petite devinette. {riddle}. Que suis-je ?",
            f"Qui suis-je ? {riddle}.",
            f"Résous cette énigme : « {riddle}. »",
        )
        items.append((questions, word, ARTICLE))
    return converse(rng, items)


# Question, right option, wrong options.
CHOICES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("qu'est-ce qui est le plus lourd", "une enclume", ("un parapluie", "une écharpe")),
    ("qu'est-ce qui est le plus léger", "un pétale", ("un pavé", "un seau d'eau")),
    ("qu'est-ce qui roule le plus vite", "un train express", ("une brouette", "un tracteur")),
    ("qu'est-ce qui fond au soleil", "un glaçon", ("un caillou", "une fourchette")),
    ("qu'est-ce qui flotte sur l'eau", "un bouchon de liège", ("une clé en fer", "un boulon")),
    ("qu'est-ce qui coule au fond de l'eau", "une pièce de monnaie", ("une plume", "un bouchon de liège")),
    ("qu'est-ce qui est le plus dur", "un diamant", ("une guimauve", "un coussin")),
    ("qu'est-ce qui est le plus mou", "une éponge mouillée", ("une brique", "un marteau")),
    ("qu'est-ce qui dure le plus longtemps", "un siècle", ("un trimestre", "une semaine")),
    ("qu'est-ce qui dure le moins longtemps", "un éclair", ("une nuit", "un voyage en bateau")),
    ("qu'est-ce qui est le plus sucré", "le miel", ("le vinaigre", "la moutarde")),
    ("qu'est-ce qui est le plus acide", "le citron", ("la banane", "le pain")),
    ("qu'est-ce qui pousse sous la terre", "le navet", ("la framboise", "le maïs")),
    ("qu'est-ce qui pousse sur un arbre", "la prune", ("le radis", "le poireau")),
    ("qu'est-ce qui sert à creuser un trou", "une pelle", ("un pinceau", "une louche")),
    ("qu'est-ce qui sert à couper du bois", "une scie", ("une cuillère", "un tampon")),
    ("qu'est-ce qui protège les mains du froid", "des moufles", ("des lunettes", "une cravate")),
    ("qu'est-ce qui a le plus de pattes", "un mille-pattes", ("un crabe", "un cheval")),
    ("qu'est-ce qui a le moins de roues", "une brouette", ("un camion", "un tricycle")),
    ("qu'est-ce qui se joue avec un archet", "le violon", ("la trompette", "le piano")),
    ("qu'est-ce qui se joue en soufflant", "la clarinette", ("le tambourin", "la guitare")),
    ("qu'est-ce qui se boit", "le sirop de menthe", ("la noisette", "le savon")),
    ("qu'est-ce qui brûle facilement", "une feuille de papier", ("une assiette", "une pierre")),
    ("qu'est-ce qui casse en tombant", "un vase en verre", ("un coussin", "une balle en mousse")),
    ("qu'est-ce qu'un aimant attire", "un clou en fer", ("un ruban", "un noyau")),
    ("qu'est-ce qui est le plus profond", "un océan", ("une flaque", "une baignoire")),
    ("qu'est-ce qui est le plus haut", "un gratte-ciel", ("une cabane", "un buisson")),
    ("qu'est-ce qui est le plus épais", "une encyclopédie", ("un ticket", "une carte postale")),
    ("quel animal est le plus gros", "le rhinocéros", ("la belette", "le merle")),
    ("quel animal est le plus petit", "le moustique", ("la grenouille", "le blaireau")),
    ("quel animal court le plus vite", "le guépard", ("la tortue", "le hérisson")),
    ("quel animal vit dans la mer", "le requin", ("le sanglier", "la marmotte")),
    ("quel animal a des plumes", "le flamant rose", ("le lézard", "le kangourou")),
    ("quel animal a une trompe", "l'éléphant", ("le chameau", "le zèbre")),
    ("quel animal donne de la laine", "le mouton", ("la carpe", "la poule")),
    ("quel animal a une bosse", "le dromadaire", ("le lynx", "l'âne")),
    ("qui travaille dans une cuisine", "le pâtissier", ("le pilote", "le jardinier")),
    ("qui utilise un chalumeau", "le soudeur", ("le libraire", "le danseur")),
    ("qui porte une blouse pour opérer", "le chirurgien", ("le menuisier", "le matelot")),
    ("qui va dans l'espace", "l'astronaute", ("le charpentier", "le caissier")),
    ("où fait-il le plus froid", "au pôle Sud", ("dans le Sahara", "sous les tropiques")),
    ("où fait-il le plus sombre", "dans une grotte", ("sur une plage à midi", "sous un projecteur")),
    ("où range-t-on le beurre", "dans le réfrigérateur", ("dans la penderie", "sous le lit")),
    ("où achète-t-on du pain", "à la boulangerie", ("à la quincaillerie", "à la bijouterie")),
    ("où dort une poule", "au poulailler", ("dans une ruche", "dans un aquarium")),
    ("quand voit-on le mieux les étoiles", "la nuit", ("à midi", "l'après-midi")),
    ("quand tombent les feuilles du chêne", "en automne", ("au printemps", "en été")),
    ("quand sort-on la luge", "en hiver", ("en été", "au printemps")),
)


def either_or(rng: random.Random) -> list[Conversation]:
    """Ask for a choice between two or three options named in the question."""
    items: list[Item] = []
    for question, right, wrong in rng.sample(CHOICES, COUNT):
        options = [right, *rng.sample(wrong, rng.choice((1, 1, 2)))]
        rng.shuffle(options)
        if len(options) == 2 and rng.random() < 0.5:
            question = question.replace("qui est le plus", "qui est plus")
        last = options[-1]
        listed = ", ".join(options[:-1])
        questions: list[str] = [
            f"{capital(question)}, {listed} ou {last} ?",
            f"{capital(question)} : {listed} ou {last} ?",
            f"{capital(listed)} ou {last} : {question} ?",
            f"À ton avis, {question} : {listed} ou {last} ?",
            f"Choisis la bonne réponse. {capital(question)}, {listed} ou {last} ?",
            f"Dis-moi : {question}, {listed} ou {last} ?",
        ]
        if question.startswith("qu"):
            questions.append(f"{capital(question)} ? Tu as le choix : {listed} ou {last}.")
        if question.startswith(("qu'", "quel ", "qui ")):
            questions.append(f"Entre {listed} et {last}, {question} ?")
        items.append((tuple(questions), right, FREE_COLON))
    return converse(rng, items)


# Words that belong together, odd one.
GROUPS: tuple[tuple[tuple[str, str, str], str], ...] = (
    (("violon", "harpe", "trombone"), "cartable"),
    (("pivoine", "glaïeul", "dahlia"), "casserole"),
    (("hêtre", "frêne", "tilleul"), "sardine"),
    (("mésange", "merle", "pinson"), "truite"),
    (("thon", "hareng", "morue"), "chevreuil"),
    (("poireau", "navet", "céleri"), "tournevis"),
    (("framboise", "groseille", "cassis"), "oignon"),
    (("turquoise", "mauve", "ocre"), "lampe"),
    (("écharpe", "gilet", "chemise"), "fourchette"),
    (("genou", "coude", "cheville"), "rideau"),
    (("buffet", "armoire", "commode"), "cerise"),
    (("louche", "poêle", "spatule"), "oreiller"),
    (("barque", "voilier", "radeau"), "camion"),
    (("neige", "grêle", "pluie"), "tabouret"),
    (("boulanger", "coiffeur", "maçon"), "citron"),
    (("joie", "colère", "tristesse"), "brouette"),
    (("mardi", "jeudi", "samedi"), "octobre"),
    (("avril", "juin", "novembre"), "dimanche"),
    (("triangle", "losange", "rectangle"), "moustache"),
    (("fourmi", "guêpe", "scarabée"), "lapin"),
    (("vipère", "lézard", "tortue"), "moineau"),
    (("tennis", "judo", "natation"), "fromage"),
    (("marteau", "pince", "scie"), "crêpe"),
    (("salon", "cuisine", "grenier"), "forêt"),
    (("oncle", "cousine", "neveu"), "cheminée"),
    (("Portugal", "Norvège", "Pologne"), "Lyon"),
    (("courir", "sauter", "grimper"), "jaune"),
    (("écrire", "dessiner", "peindre"), "chaise"),
    (("rivière", "ruisseau", "fleuve"), "colline"),
    (("bague", "collier", "bracelet"), "saladier"),
    (("cuivre", "fer", "zinc"), "velours"),
    (("soie", "lin", "coton"), "granit"),
    (("poivre", "cannelle", "safran"), "ciseaux"),
    (("hiver", "automne", "printemps"), "lundi"),
    (("limonade", "sirop", "thé"), "parapluie"),
    (("valse", "tango", "polka"), "betterave"),
    (("botte", "sandale", "chausson"), "gant"),
    (("brebis", "vache", "chèvre"), "requin"),
    (("crayon", "stylo", "feutre"), "oreille"),
    (("tente", "cabane", "igloo"), "cuillère"),
    (("content", "joyeux", "ravi"), "furieux"),
    (("immense", "énorme", "géant"), "minuscule"),
    (("minute", "heure", "seconde"), "kilo"),
    (("gruyère", "camembert", "roquefort"), "lentille"),
    (("gorille", "chimpanzé", "ouistiti"), "pélican"),
    (("avion", "hélicoptère", "planeur"), "métro"),
    (("roman", "conte", "poème"), "marmite"),
    (("mur", "toit", "plafond"), "écureuil"),
)


def odd_one_out(rng: random.Random) -> list[Conversation]:
    """Ask which word of four does not belong with the others."""
    items: list[Item] = []
    for group, odd in rng.sample(GROUPS, COUNT):
        listed = rng.sample([*group, odd], 4)
        text = ", ".join(listed)
        joined = f"{', '.join(listed[:3])} et {listed[3]}"
        questions: tuple[str, ...] = (
            f"Quel est l'intrus : {text} ?",
            f"Trouve l'intrus dans cette liste : {text}.",
            f"Parmi {joined}, quel mot n'a pas sa place ?",
            f"Voici quatre mots : {text}. Lequel ne va pas avec les autres ?",
            f"{capital(text)} : quel mot faut-il retirer ?",
            f"Un de ces mots est de trop : {text}. Lequel ?",
            f"Entre {joined}, lequel est différent des trois autres ?",
            f"Cherche le mot qui n'est pas de la même sorte : {text}.",
        )
        items.append((questions, odd, WORD_COLON))
    return converse(rng, items)


FAMILIES = (comparisons, sequences, small_sums, definitions, either_or, odd_one_out)
