"""Seeded generators of French arithmetic problems answered step by step."""

import random
from collections.abc import Sequence

from families.common import Conversation, capital, turn

Item = tuple[tuple[str, ...], tuple[str, ...]]


def euros(number: int) -> str:
    """Return an amount in euros with its agreement."""
    return f"{number} euro" if number == 1 else f"{number} euros"


def spaced(number: int) -> str:
    """Return a number with a space between its thousands."""
    return f"{number:,}".replace(",", " ")


def converse(rng: random.Random, items: Sequence[Item]) -> list[Conversation]:
    """Turn items (their prompts, their answers) into conversations, avoiding two like openings in a row."""
    conversations: list[Conversation] = []
    opening = ""
    for prompts, answers in rng.sample(items, len(items)):
        prompt = rng.choice([text for text in prompts if text.split()[0] != opening] or list(prompts))
        opening = prompt.split()[0]
        conversations.append(turn(prompt, rng.choice(answers)))
    return conversations


def worded(context: str, question: str) -> tuple[str, ...]:
    """Return the ways of putting a problem made of a context and a question."""
    return (
        f"{context} {question}",
        f"Voici un problème. {context} {question}",
        f"{context} {question} Montre les étapes.",
        f"Aide-moi à résoudre ceci. {context} {question}",
        f"Calcule pas à pas. {context} {question}",
    )


# Buyer, pronoun, things bought, place, lowest and highest price of one.
BASKETS: tuple[tuple[str, str, str, str, int, int], ...] = (
    ("Emma", "elle", "cahiers", "à la papeterie", 2, 4),
    ("Hugo", "il", "croissants", "à la boulangerie", 1, 2),
    ("Nadia", "elle", "melons", "au marché", 2, 4),
    ("Paul", "il", "roses", "chez le fleuriste", 2, 5),
    ("Sofia", "elle", "bandes dessinées", "à la librairie", 8, 12),
    ("Karim", "il", "ampoules", "à la quincaillerie", 3, 6),
    ("Jeanne", "elle", "pelotes de laine", "à la mercerie", 4, 7),
    ("Lucas", "il", "places de cinéma", "au guichet", 6, 9),
    ("Aline", "elle", "pots de miel", "à la ferme", 5, 8),
    ("Thomas", "il", "cartes postales", "à la gare", 1, 2),
    ("Clara", "elle", "bougies", "à la foire", 3, 7),
    ("Marc", "il", "plants de tomates", "à la jardinerie", 2, 4),
    ("Louise", "elle", "tickets de manège", "à la fête foraine", 2, 3),
    ("Yanis", "il", "balles de tennis", "au magasin de sport", 2, 4),
    ("Rosa", "elle", "savons", "à la droguerie", 2, 5),
    ("Simon", "il", "éclairs au café", "à la pâtisserie", 2, 4),
)

# Buyer, pronoun, two things bought, place, highest price of each.
PAIRS: tuple[tuple[str, str, str, str, str, int, int], ...] = (
    ("Manon", "elle", "une lampe", "un tapis", "à la brocante", 18, 25),
    ("Olivier", "il", "un ballon", "un sifflet", "au magasin de sport", 16, 6),
    ("Fatou", "elle", "une robe", "une ceinture", "à la friperie", 24, 12),
    ("Gabriel", "il", "un dictionnaire", "un stylo", "à la librairie", 22, 5),
    ("Inès", "elle", "une théière", "une tasse", "chez le potier", 28, 9),
    ("Rémi", "il", "un fromage", "une salade", "au marché", 9, 3),
    ("Camille", "elle", "un puzzle", "un jeu de cartes", "au magasin de jouets", 17, 8),
    ("Antoine", "il", "une pelle", "une brouette", "à la jardinerie", 15, 45),
    ("Zoé", "elle", "une écharpe", "un bonnet", "au marché de Noël", 19, 14),
    ("Victor", "il", "un gâteau", "une baguette", "à la boulangerie", 17, 2),
    ("Leïla", "elle", "un billet de bus", "un plan de la ville", "à la gare routière", 4, 6),
    ("Bruno", "il", "une canne à pêche", "un seau", "au bazar du port", 35, 8),
    ("Agathe", "elle", "un cadre", "une affiche", "au musée", 14, 12),
)


def note_above(total: int) -> int:
    """Return the smallest banknote worth more than a total."""
    return next(note for note in (5, 10, 20, 50, 100) if note > total)


def purchases(rng: random.Random) -> list[Conversation]:
    """Compute the change after buying several like things or two different ones."""
    items: list[Item] = []
    for name, pronoun, things, place, low, high in rng.sample(BASKETS, 15):
        number, price = rng.randint(2, 6), rng.randint(low, high)
        total = number * price
        note = note_above(total)
        bought, each = f"{number} {things}", f"{euros(price)} pièce"
        prompts: tuple[str, ...] = (
            f"{name} achète {bought} à {each} {place} et donne un billet de {note} euros. Quelle somme lui revient ?",
            f"{capital(place)}, {name} prend {bought} à {each}. {capital(pronoun)} paie avec {note} euros. "
            "Quelle monnaie doit-on lui rendre ?",
            f"Combien faut-il rendre à {name}, qui achète {bought} à {each} {place} et paie avec {note} euros ?",
            f"Un achat {place} : {bought} à {each}. {name} donne {note} euros. Calcule la monnaie rendue.",
            f"Avec un billet de {note} euros, {name} achète {bought} à {each} {place}. Quelle somme lui rend-on ?",
        )
        rest = note - total
        answers: tuple[str, ...] = (
            f"{name} doit payer {number} × {price} = {euros(total)}. Ensuite, {note} - {total} = {rest}. "
            f"On lui rend {euros(rest)}.",
            f"Prix total : {number} × {price} = {euros(total)}. Monnaie : {note} - {total} = {euros(rest)}.",
            f"Les {bought} coûtent {number} × {price} = {euros(total)}. "
            f"La monnaie est de {note} - {total} = {euros(rest)}.",
        )
        items.append((prompts, answers))
    for name, pronoun, first, second, place, top_first, top_second in rng.sample(PAIRS, 12):
        one = rng.randint((top_first + 1) // 2, top_first)
        two = rng.randint((top_second + 1) // 2, top_second)
        total = one + two
        note = note_above(total)
        both = f"{first} à {euros(one)} et {second} à {euros(two)}"
        rest = note - total
        prompts = (
            f"{name} achète {both} {place}. {capital(pronoun)} donne {note} euros. Combien lui rend-on ?",
            f"{capital(place)}, {name} choisit {both}. Combien lui rend-on sur {note} euros ?",
            f"Quelle monnaie reçoit {name}, qui achète {both} {place} et paie avec {note} euros ?",
            f"Sur un billet de {note} euros, combien rend-on à {name}, qui prend {both} {place} ?",
            f"Calcule la monnaie : {place}, {name} achète {both} et donne {note} euros.",
        )
        answers = (
            f"Total : {one} + {two} = {euros(total)}. Monnaie : {note} - {total} = {euros(rest)}.",
            f"{name} dépense {one} + {two} = {euros(total)}. Ensuite, {note} - {total} = {rest}. "
            f"On lui rend {euros(rest)}.",
            f"Les deux achats coûtent {one} + {two} = {euros(total)}. On rend {note} - {total} = {euros(rest)}.",
        )
        items.append((prompts, answers))
    return converse(rng, items)


# Owner, containers, things, things with « de », those who share, one of them.
SHARES: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("Lina", "sachets", "billes", "de billes", "amis", "chaque ami"),
    ("La maîtresse", "boîtes", "feutres", "de feutres", "élèves", "chaque élève"),
    ("Le cuisinier", "plateaux", "beignets", "de beignets", "clients", "chaque client"),
    ("Grand-père", "paniers", "noix", "de noix", "petits-enfants", "chaque petit-enfant"),
    ("La fermière", "caisses", "carottes", "de carottes", "lapins", "chaque lapin"),
    ("Le capitaine", "tonneaux", "poissons", "de poissons", "marins", "chaque marin"),
    ("Mathilde", "paquets", "biscuits", "de biscuits", "cousins", "chaque cousin"),
    ("L'entraîneuse", "filets", "ballons", "de ballons", "équipes", "chaque équipe"),
    ("Le jardinier", "barquettes", "fraises", "de fraises", "voisins", "chaque voisin"),
    ("La directrice", "piles", "livres", "de livres", "classes", "chaque classe"),
    ("Le magicien", "jeux", "cartes", "de cartes", "joueurs", "chaque joueur"),
    ("Noémie", "feuilles", "gommettes", "de gommettes", "cousines", "chaque cousine"),
    ("Le pirate", "coffres", "pièces d'or", "de pièces d'or", "compagnons", "chaque compagnon"),
    ("La soigneuse du zoo", "régimes", "bananes", "de bananes", "singes", "chaque singe"),
)

# Context with {a} groups of {b} and {c} more or fewer, question, sign, conclusion with {r}.
STOCKS: tuple[tuple[str, str, str, str], ...] = (
    (
        "Un fermier remplit {a} boîtes de {b} œufs et garde {c} œufs à part.",
        "Combien d'œufs a-t-il en tout ?",
        "+",
        "Il a {r} œufs en tout.",
    ),
    (
        "Dans un théâtre, il y a {a} rangées de {b} fauteuils, mais {c} fauteuils sont cassés.",
        "Combien de fauteuils sont utilisables ?",
        "-",
        "Il y a {r} fauteuils utilisables.",
    ),
    (
        "Un car fait {a} voyages avec {b} touristes, puis un dernier avec {c} touristes.",
        "Combien de touristes transporte-t-il ?",
        "+",
        "Le car transporte {r} touristes.",
    ),
    (
        "Malik colle {a} pages de {b} timbres, puis retire {c} timbres.",
        "Combien de timbres reste-t-il dans l'album ?",
        "-",
        "Il reste {r} timbres dans l'album.",
    ),
    (
        "Une pâtissière prépare {a} plaques de {b} macarons et vend {c} macarons.",
        "Combien de macarons lui reste-t-il ?",
        "-",
        "Il lui reste {r} macarons.",
    ),
    (
        "Au verger, Odile remplit {a} cageots de {b} poires et pose {c} poires sur la table.",
        "Combien de poires a-t-elle cueillies ?",
        "+",
        "Odile a cueilli {r} poires.",
    ),
    (
        "Un carreleur pose {a} rangs de {b} carreaux, puis ajoute {c} carreaux dans un coin.",
        "Combien de carreaux pose-t-il ?",
        "+",
        "Il pose {r} carreaux.",
    ),
    (
        "Pour un mariage, on dresse {a} tables de {b} couverts, mais {c} invités sont absents.",
        "Combien de couverts servent vraiment ?",
        "-",
        "Au total, {r} couverts servent vraiment.",
    ),
    (
        "Une bibliothèque a {a} étagères de {b} romans et prête {c} romans.",
        "Combien de romans reste-t-il sur place ?",
        "-",
        "Il reste {r} romans sur place.",
    ),
    (
        "Tom lit {b} pages par jour pendant {a} jours, puis {c} pages le lendemain.",
        "Combien de pages lit-il ?",
        "+",
        "Tom lit {r} pages.",
    ),
    (
        "Une perleuse enfile {a} colliers de {b} perles et il lui reste {c} perles.",
        "Combien de perles avait-elle au départ ?",
        "+",
        "Elle avait {r} perles.",
    ),
    (
        "Un camion livre {a} palettes de {b} sacs de ciment, mais {c} sacs sont percés.",
        "Combien de sacs sont intacts ?",
        "-",
        "Il y a {r} sacs intacts.",
    ),
    (
        "Une chorale compte {a} groupes de {b} chanteurs et {c} musiciens.",
        "Combien de personnes sont sur scène ?",
        "+",
        "Il y a {r} personnes sur scène.",
    ),
    (
        "Le parc plante {a} allées de {b} tilleuls, mais le vent abat {c} arbres.",
        "Combien de tilleuls restent debout ?",
        "-",
        "Il y a {r} tilleuls encore debout.",
    ),
)


def sharing(rng: random.Random) -> list[Conversation]:
    """Multiply groups of things, then share, add or take away."""
    items: list[Item] = []
    for name, boxes, things, of_things, sharers, each in rng.sample(SHARES, 13):
        number, size = rng.randint(2, 6), rng.randint(4, 12)
        total = number * size
        shares = [n for n in range(2, 11) if total % n == 0 and 2 <= total // n <= 15]
        among = rng.choice([n for n in shares if n != number] or shares)
        part = total // among
        prompts: tuple[str, ...] = (
            f"{name} a {number} {boxes} de {size} {things} et partage le tout entre {among} {sharers}. "
            f"Combien {of_things} reçoit {each} ?",
            f"On partage à égalité {number} {boxes} de {size} {things} entre {among} {sharers}. "
            f"Quelle est la part de {each} ?",
            f"Combien {of_things} reçoit {each} si l'on partage {number} {boxes} de {size} {things} "
            f"entre {among} {sharers} ?",
            f"{name} apporte {number} {boxes} de {size} {things} pour {among} {sharers}. "
            f"Calcule la part de {each}, à égalité.",
            f"Partage en parts égales : {number} {boxes} de {size} {things} pour {among} {sharers}. "
            f"Combien {of_things} par personne ?"
            if sharers not in ("lapins", "singes", "équipes", "classes")
            else f"À parts égales, {name[0].lower() + name[1:]} partage {number} {boxes} de {size} {things} "
            f"entre {among} {sharers}. Combien en reçoit {each} ?",
        )
        answers: tuple[str, ...] = (
            f"Il y a {number} × {size} = {total} {things}. Ensuite, {total} ÷ {among} = {part}. "
            f"{capital(each)} reçoit {part} {things}.",
            f"On compte d'abord : {number} × {size} = {total} {things}. On partage : {total} ÷ {among} = {part}. "
            f"La part de {each} est de {part} {things}.",
            f"Total : {number} × {size} = {total} {things}. Partage entre {among} {sharers} : "
            f"{total} ÷ {among} = {part} {things}.",
        )
        items.append((prompts, answers))
    for context, question, sign, conclusion in STOCKS:
        number, size, other = rng.randint(3, 9), rng.randint(6, 12), rng.randint(2, 9)
        total = number * size
        result = total + other if sign == "+" else total - other
        prompts = worded(context.format(a=number, b=size, c=other), question)
        last = conclusion.format(r=result)
        answers = (
            f"{number} × {size} = {total}. {total} {sign} {other} = {result}. {last}",
            f"D'abord, {number} × {size} = {total}. Ensuite, {total} {sign} {other} = {result}. {last}",
            f"On multiplie : {number} × {size} = {total}. "
            f"On {'ajoute' if sign == '+' else 'enlève'} {other} : {total} {sign} {other} = {result}. {last}",
        )
        items.append((prompts, answers))
    return converse(rng, items)


def clock(minutes: int) -> str:
    """Return a time of day, such as « 9 h 05 »."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def span(minutes: int) -> str:
    """Return a length of time, such as « 1 h 5 min »."""
    hours, rest = divmod(minutes, 60)
    return " ".join(text for text in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if text)


# Event, event with « de », pronoun, earliest and latest hour of the start, most hours it lasts.
EVENTS: tuple[tuple[str, str, str, int, int, int], ...] = (
    ("le film", "du film", "il", 14, 20, 1),
    ("la pièce de théâtre", "de la pièce de théâtre", "elle", 19, 20, 2),
    ("le concert", "du concert", "il", 18, 20, 2),
    ("la visite du château", "de la visite du château", "elle", 9, 15, 2),
    ("le cours de poterie", "du cours de poterie", "il", 9, 17, 2),
    ("la randonnée", "de la randonnée", "elle", 8, 13, 3),
    ("le tournoi d'échecs", "du tournoi d'échecs", "il", 9, 14, 3),
    ("la répétition de la chorale", "de la répétition de la chorale", "elle", 17, 19, 1),
    ("le repas de famille", "du repas de famille", "il", 12, 13, 2),
    ("l'atelier de cuisine", "de l'atelier de cuisine", "il", 10, 16, 2),
    ("la promenade en bateau", "de la promenade en bateau", "elle", 10, 16, 1),
    ("le spectacle de marionnettes", "du spectacle de marionnettes", "il", 14, 17, 1),
    ("la réunion de quartier", "de la réunion de quartier", "elle", 17, 19, 1),
    ("l'examen de piano", "de l'examen de piano", "il", 8, 14, 1),
)

# Subject, what it does first, what it does last, what lasts, the same with « de », earliest and latest hour.
TRIPS: tuple[tuple[str, str, str, str, str, int, int], ...] = (
    ("le train de Dijon", "part", "arrive", "le trajet", "du trajet", 6, 17),
    ("le car pour Annecy", "démarre", "arrive", "le voyage", "du voyage", 7, 16),
    ("le bateau pour l'île", "quitte le port", "accoste", "la traversée", "de la traversée", 8, 15),
    ("l'avion de Lisbonne", "décolle", "atterrit", "le vol", "du vol", 7, 19),
    ("Maya", "commence son livre", "le referme", "sa lecture", "de sa lecture", 9, 18),
    ("la boulangère", "allume le four", "l'éteint", "la cuisson", "de la cuisson", 4, 6),
    ("le peintre", "se met au travail", "pose ses pinceaux", "son travail", "de son travail", 8, 15),
    ("Samuel", "s'endort", "se réveille", "sa sieste", "de sa sieste", 13, 14),
    ("l'équipe", "entre sur le terrain", "en sort", "l'entraînement", "de l'entraînement", 14, 18),
    ("la piscine", "ouvre", "ferme", "l'ouverture", "de l'ouverture", 14, 16),
    ("le facteur", "commence sa tournée", "la termine", "la tournée", "de la tournée", 7, 9),
    ("le brouillard", "tombe sur la vallée", "se lève", "le brouillard", "du brouillard", 5, 7),
    ("Élodie", "enfourche son vélo", "en descend", "sa balade", "de sa balade", 9, 16),
    ("le camion de lait", "quitte la ferme", "rentre", "la livraison", "de la livraison", 5, 9),
)


def durations(rng: random.Random) -> list[Conversation]:
    """Compute the end of an event or the length of a trip or task."""
    items: list[Item] = []
    for event, of, pronoun, low, high, most in rng.sample(EVENTS, 13):
        start = rng.randint(low, high) * 60 + rng.choice((5, 10, 15, 20, 30, 40, 45))
        hours, minutes = rng.randint(1, most), rng.choice((10, 15, 20, 25, 30, 35, 40, 45, 50))
        lasts, middle = span(hours * 60 + minutes), start + hours * 60
        end = middle + minutes
        prompts: tuple[str, ...] = (
            f"{capital(event)} commence à {clock(start)} et dure {lasts}. À quelle heure finit-{pronoun} ?",
            f"Je voudrais connaître l'heure de fin {of} : début à {clock(start)}, durée {lasts}.",
            f"À quelle heure se termine {event} si le début est à {clock(start)} et la durée de {lasts} ?",
            f"Début {of} : {clock(start)}. Durée : {lasts}. Quelle est l'heure de fin ?",
            f"Si {event} débute à {clock(start)} et dure {lasts}, à quelle heure finit-{pronoun} ?",
        )
        answers: tuple[str, ...] = (
            f"{clock(start)} + {hours} h = {clock(middle)}. {clock(middle)} + {minutes} min = {clock(end)}. "
            f"{capital(event)} finit à {clock(end)}.",
            f"On ajoute d'abord {hours} h : {clock(middle)}. On ajoute ensuite {minutes} min : {clock(end)}. "
            f"{capital(event)} se termine à {clock(end)}.",
            f"Après {hours} h, il est {clock(middle)}. {minutes} min plus tard, il est {clock(end)}. "
            f"L'heure de fin est {clock(end)}.",
        )
        items.append((prompts, answers))
    for subject, first, last, what, of, low, high in TRIPS:
        start = rng.randint(low, high) * 60 + rng.choice((10, 20, 25, 35, 40, 45, 50))
        hour = (start // 60 + 1) * 60
        end = hour + rng.randint(1, 2) * 60 + rng.choice((5, 10, 15, 20, 30, 40))
        head, tail, whole = span(hour - start), span(end - hour), span(end - start)
        prompts = (
            f"{capital(subject)} {first} à {clock(start)} et {last} à {clock(end)}. Combien de temps dure {what} ?",
            f"Combien de temps dure {what} quand {subject} {first} à {clock(start)} et {last} à {clock(end)} ?",
            f"Calcule la durée {of} : {subject} {first} à {clock(start)} et {last} à {clock(end)}.",
            f"{capital(subject)} {first} à {clock(start)}, puis {last} à {clock(end)}. Quelle est la durée {of} ?",
            f"Voici des horaires : {subject} {first} à {clock(start)} et {last} à {clock(end)}. Trouve la durée {of}.",
        )
        answers = (
            f"De {clock(start)} à {clock(hour)}, il y a {head}. De {clock(hour)} à {clock(end)}, il y a {tail}. "
            f"En tout, cela fait {whole}.",
            f"De {clock(start)} à {clock(hour)} : {head}. De {clock(hour)} à {clock(end)} : {tail}. "
            f"{head} + {tail} = {whole}.",
            f"Jusqu'à {clock(hour)}, on compte {head}. Ensuite, jusqu'à {clock(end)}, on compte {tail}. "
            f"La durée {of} est de {whole}.",
        )
        items.append((prompts, answers))
    return converse(rng, items)


# Rectangle, the same with « de », unit, range of the length, range of the width.
RECTANGLES: tuple[tuple[str, str, str, int, int, int, int], ...] = (
    ("un potager rectangulaire", "du potager", "m", 8, 15, 4, 7),
    ("une chambre rectangulaire", "de la chambre", "m", 4, 6, 2, 3),
    ("une feuille de papier rectangulaire", "de la feuille", "cm", 20, 30, 10, 18),
    ("un terrain de volley rectangulaire", "du terrain", "m", 16, 20, 8, 10),
    ("une piscine rectangulaire", "de la piscine", "m", 10, 25, 5, 9),
    ("un tapis rectangulaire", "du tapis", "m", 3, 5, 1, 2),
    ("une photo rectangulaire", "de la photo", "cm", 12, 18, 8, 11),
    ("un champ rectangulaire", "du champ", "m", 60, 90, 20, 50),
    ("une planche rectangulaire", "de la planche", "dm", 10, 20, 2, 4),
    ("un miroir rectangulaire", "du miroir", "cm", 50, 90, 30, 45),
    ("une table rectangulaire", "de la table", "dm", 12, 20, 7, 10),
    ("un drapeau rectangulaire", "du drapeau", "cm", 60, 90, 40, 50),
    ("une étiquette rectangulaire", "de l'étiquette", "cm", 6, 9, 2, 5),
)

# Square, the same with « de », unit, range of the side.
SQUARES: tuple[tuple[str, str, str, int, int], ...] = (
    ("un carreau carré", "du carreau", "cm", 10, 20),
    ("une place carrée", "de la place", "m", 30, 60),
    ("un mouchoir carré", "du mouchoir", "cm", 25, 40),
    ("un échiquier carré", "de l'échiquier", "cm", 30, 50),
    ("une fenêtre carrée", "de la fenêtre", "dm", 6, 12),
    ("un coussin carré", "du coussin", "cm", 35, 45),
    ("une terrasse carrée", "de la terrasse", "m", 4, 9),
)

# Person, pronoun, what is walked around, lowest and highest length, lowest and highest width.
LAPS: tuple[tuple[str, str, str, int, int, int, int], ...] = (
    ("Nora", "elle", "de la cour de l'école", 40, 60, 20, 35),
    ("Damien", "il", "du stade", 90, 110, 50, 70),
    ("Capucine", "elle", "du parc municipal", 150, 200, 80, 120),
    ("Basile", "il", "du marché couvert", 50, 80, 20, 40),
    ("Ghislaine", "elle", "du pré aux moutons", 70, 100, 30, 60),
    ("Tristan", "il", "du grand bassin", 60, 90, 40, 50),
    ("Pauline", "elle", "du gymnase", 30, 44, 15, 25),
)


def figures(rng: random.Random) -> list[Conversation]:
    """Compute the perimeter or the area of a rectangle or a square."""
    items: list[Item] = []
    for thing, of, unit, low, high, narrow, wide in RECTANGLES:
        length, width = rng.randint(low, high), rng.randint(narrow, wide)
        perimeter = rng.random() < 0.5
        long, large = f"{length} {unit}", f"{width} {unit}"
        what = "le périmètre" if perimeter else "l'aire"
        prompts: tuple[str, ...] = (
            f"{capital(thing)} mesure {long} de long et {large} de large. "
            f"{'Quel est son périmètre' if perimeter else 'Quelle est son aire'} ?",
            f"Trouve {what} d'{thing} de {long} sur {large}.",
            f"Longueur {of} : {long}. Largeur : {large}. Calcule {what} de ce rectangle.",
            f"{'Quel est' if perimeter else 'Quelle est'} {what} d'{thing} de {long} sur {large} ?",
            f"Je mesure {thing} : {long} de long, {large} de large. Comment calculer {what} ?",
        )
        if perimeter:
            half, result = length + width, spaced(2 * (length + width))
            answers: tuple[str, ...] = (
                f"Longueur + largeur : {length} + {width} = {half} {unit}. Périmètre : 2 × {half} = {result} {unit}.",
                f"On additionne : {length} + {width} = {half}. On double : 2 × {half} = {result}. "
                f"Le périmètre {of} est de {result} {unit}.",
                f"Le demi-périmètre est de {length} + {width} = {half} {unit}. "
                f"Le périmètre est donc de 2 × {half} = {result} {unit}.",
            )
        else:
            result = spaced(length * width)
            answers = (
                f"L'aire d'un rectangle, c'est longueur × largeur. {length} × {width} = {result}. "
                f"L'aire {of} est de {result} {unit}².",
                f"On multiplie la longueur par la largeur : {length} × {width} = {result}. "
                f"L'aire est donc de {result} {unit}².",
                f"Longueur : {long}. Largeur : {large}. Aire {of} : {length} × {width} = {result} {unit}².",
            )
        items.append((prompts, answers))
    for thing, of, unit, low, high in SQUARES:
        side = rng.randint(low, high)
        perimeter = rng.random() < 0.5
        what = "le périmètre" if perimeter else "l'aire"
        prompts = (
            f"{capital(thing)} a un côté de {side} {unit}. "
            f"{'Quel est son périmètre' if perimeter else 'Quelle est son aire'} ?",
            f"Trouve {what} d'{thing} de {side} {unit} de côté.",
            f"Côté {of} : {side} {unit}. Calcule {what} de ce carré.",
            f"{'Quel est' if perimeter else 'Quelle est'} {what} d'{thing} de {side} {unit} de côté ?",
            f"Je mesure {thing} de {side} {unit} de côté. Comment calculer {what} ?",
        )
        if perimeter:
            answers = (
                f"Un carré a quatre côtés égaux. 4 × {side} = {4 * side}. Le périmètre {of} est de {4 * side} {unit}.",
                f"On multiplie le côté par 4 : 4 × {side} = {4 * side}. Le périmètre est de {4 * side} {unit}.",
                f"Les quatre côtés mesurent chacun {side} {unit}. Périmètre {of} : 4 × {side} = {4 * side} {unit}.",
            )
        else:
            area = spaced(side * side)
            answers = (
                f"L'aire d'un carré, c'est côté × côté. {side} × {side} = {area}. L'aire {of} est de {area} {unit}².",
                f"On multiplie le côté par lui-même : {side} × {side} = {area}. L'aire est de {area} {unit}².",
                f"Le côté mesure {side} {unit}. Aire {of} : {side} × {side} = {area} {unit}².",
            )
        items.append((prompts, answers))
    for name, pronoun, of, low, high, narrow, wide in LAPS:
        length, width, laps = rng.randint(low, high), rng.randint(narrow, wide), rng.randint(2, 4)
        lap = 2 * (length + width)
        distance = spaced(laps * lap)
        prompts = worded(
            f"{name} fait {laps} fois le tour {of}, un rectangle de {length} m sur {width} m.",
            f"Quelle distance parcourt-{pronoun} ?",
        )
        answers = (
            f"Un tour mesure 2 × ({length} + {width}) = {lap} m. {laps} × {lap} = {distance}. "
            f"{name} parcourt {distance} m.",
            f"{length} + {width} = {length + width} m, donc un tour mesure 2 × {length + width} = {lap} m. "
            f"Distance : {laps} × {lap} = {distance} m.",
            f"On calcule un tour : 2 × ({length} + {width}) = {lap} m. "
            f"On multiplie par {laps} : {distance} m en tout.",
        )
        items.append((prompts, answers))
    return converse(rng, items)


# Article on sale with « un », with « le », lowest and highest price in twenties.
SALES: tuple[tuple[str, str, int, int], ...] = (
    ("un blouson", "le blouson", 3, 8),
    ("une valise", "la valise", 2, 6),
    ("un fauteuil", "le fauteuil", 6, 15),
    ("une guitare", "la guitare", 5, 12),
    ("un aspirateur", "l'aspirateur", 4, 10),
    ("une paire de bottes", "la paire de bottes", 3, 7),
    ("un vélo d'occasion", "le vélo d'occasion", 5, 12),
    ("une tente de camping", "la tente de camping", 4, 9),
    ("un vase en cristal", "le vase en cristal", 2, 6),
)

# Context with {n} and {p}, question, conclusion with {r}.
PERCENTAGES: tuple[tuple[str, str, str], ...] = (
    (
        "Dans un club de {n} nageurs, {p} % sont débutants.",
        "Combien y a-t-il de débutants ?",
        "Il y a {r} débutants.",
    ),
    (
        "Sur {n} arbres d'un verger, {p} % sont des pommiers.",
        "Combien de pommiers y a-t-il ?",
        "Il y a {r} pommiers.",
    ),
    (
        "Un train transporte {n} voyageurs et {p} % descendent à Tours.",
        "Combien de voyageurs descendent ?",
        "Au total, {r} voyageurs descendent à Tours.",
    ),
    (
        "Une chocolatière vend {p} % de ses {n} lapins en chocolat.",
        "Combien de lapins vend-elle ?",
        "Elle vend {r} lapins.",
    ),
    (
        "Un parking de {n} places est rempli à {p} %.",
        "Combien de places sont prises ?",
        "Au total, {r} places sont prises.",
    ),
    (
        "Parmi {n} lettres, {p} % partent à l'étranger.",
        "Combien de lettres partent à l'étranger ?",
        "Au total, {r} lettres partent à l'étranger.",
    ),
    (
        "Au refuge, {p} % des {n} chats ont été adoptés.",
        "Combien de chats ont été adoptés ?",
        "Au total, {r} chats ont été adoptés.",
    ),
    (
        "Un potier casse {p} % de ses {n} bols à la cuisson.",
        "Combien de bols perd-il ?",
        "Il perd {r} bols.",
    ),
    (
        "Dans un village de {n} maisons, {p} % ont des volets bleus.",
        "Combien de maisons ont des volets bleus ?",
        "Au total, {r} maisons ont des volets bleus.",
    ),
)

# Context with {f} and {n}, question, conclusion with {r}.
FRACTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "Inès mange les {f} d'une tablette de {n} carrés.",
        "Combien de carrés mange-t-elle ?",
        "Inès mange {r} carrés.",
    ),
    (
        "Les {f} des {n} musiciens d'un orchestre jouent d'un instrument à cordes.",
        "Combien sont-ils ?",
        "Ils sont {r}.",
    ),
    (
        "Un cycliste a parcouru les {f} d'une étape de {n} km.",
        "Combien de kilomètres a-t-il parcourus ?",
        "Il a parcouru {r} km.",
    ),
    (
        "Julien repeint les {f} des {n} barreaux d'une grille.",
        "Combien de barreaux repeint-il ?",
        "Julien repeint {r} barreaux.",
    ),
    (
        "La couturière utilise les {f} d'une boîte de {n} boutons.",
        "Combien de boutons utilise-t-elle ?",
        "Elle utilise {r} boutons.",
    ),
    (
        "Dans un rucher, les {f} des {n} ruches sont peintes en jaune.",
        "Combien de ruches sont jaunes ?",
        "Au total, {r} ruches sont jaunes.",
    ),
    (
        "Un réservoir de {n} litres est rempli aux {f}.",
        "Combien de litres d'eau contient-il ?",
        "Il contient {r} litres d'eau.",
    ),
    (
        "Une troupe de {n} scouts part en sortie et les {f} prennent le train.",
        "Combien de scouts prennent le train ?",
        "Au total, {r} scouts prennent le train.",
    ),
    (
        "Agnès a rempli les {f} d'un carnet de {n} pages.",
        "Combien de pages a-t-elle remplies ?",
        "Agnès a rempli {r} pages.",
    ),
)


def proportions(rng: random.Random) -> list[Conversation]:
    """Compute a discount, a percentage or a fraction of a number."""
    items: list[Item] = []
    for one, the, low, high in SALES:
        price = 20 * rng.randint(low, high)
        rate, divisor = rng.choice(((10, 10), (20, 5), (25, 4), (50, 2)))
        off = price // divisor
        final = price - off
        prompts: tuple[str, ...] = (
            f"{capital(one)} à {price} euros est en solde avec {rate} % de remise. Quel est le nouveau prix ?",
            f"Combien coûte {one} à {price} euros après une remise de {rate} % ?",
            f"Le prix d'{one} était de {price} euros et il baisse de {rate} %. Combien faut-il payer ?",
            f"Calcule le prix soldé d'{one} : {price} euros, moins {rate} %.",
            f"J'achète {one} affiché à {price} euros avec {rate} % de réduction. Combien vais-je payer ?"
            if one.startswith("un ")
            else f"J'achète {one} affichée à {price} euros avec {rate} % de réduction. Combien vais-je payer ?",
        )
        answers: tuple[str, ...] = (
            f"{rate} % de {price}, c'est {price} ÷ {divisor} = {off}. Ensuite, {price} - {off} = {final}. "
            f"{capital(the)} coûte {final} euros.",
            f"Remise : {price} ÷ {divisor} = {euros(off)}. Nouveau prix : {price} - {off} = {final} euros.",
            f"La remise est de {price} ÷ {divisor} = {euros(off)}. "
            f"On paie donc {the} {price} - {off} = {final} euros.",
        )
        items.append((prompts, answers))
    for context, question, conclusion in PERCENTAGES:
        number, tens = 10 * rng.randint(4, 20), rng.choice((2, 3, 4, 6, 7))
        tenth = number // 10
        part = tens * tenth
        prompts = worded(context.format(n=number, p=10 * tens), question)
        last = conclusion.format(r=part)
        answers = (
            f"10 % de {number}, c'est {tenth}. {10 * tens} %, c'est {tens} × {tenth} = {part}. {last}",
            f"On calcule 10 % : {number} ÷ 10 = {tenth}. On multiplie par {tens} : {tens} × {tenth} = {part}. {last}",
            f"{10 * tens} %, c'est {tens} fois 10 %. {number} ÷ 10 = {tenth} et {tens} × {tenth} = {part}. {last}",
        )
        items.append((prompts, answers))
    for context, question, conclusion in FRACTIONS:
        above, below = rng.choice(((2, 3), (3, 4), (2, 5), (3, 5), (4, 5), (5, 6)))
        share = rng.randint(4, 12)
        number = below * share
        part = above * share
        prompts = worded(context.format(f=f"{above}/{below}", n=number), question)
        last = conclusion.format(r=part)
        answers = (
            f"1/{below} de {number}, c'est {number} ÷ {below} = {share}. "
            f"{above}/{below}, c'est {above} × {share} = {part}. {last}",
            f"On divise par {below} : {number} ÷ {below} = {share}. "
            f"On multiplie par {above} : {above} × {share} = {part}. {last}",
            f"D'abord, {number} ÷ {below} = {share}. Ensuite, {above} × {share} = {part}. {last}",
        )
        items.append((prompts, answers))
    return converse(rng, items)


FAMILIES = (purchases, sharing, durations, figures, proportions)
