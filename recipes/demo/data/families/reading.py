"""Seeded generators of short French texts, each with a question answered by a few words of the text."""

import random
from collections.abc import Sequence

from families.common import Conversation, capital, turn

Scene = tuple[str, str, str]

COUNT = 40
SHORTEST = 12
LONGEST = 35

# First names that begin with a consonant sound, so that « que » and « de » are never elided before them.
MEN: tuple[str, ...] = (
    "Marc",
    "Thomas",
    "Paul",
    "Nicolas",
    "Pierre",
    "Lucas",
    "Louis",
    "Nathan",
    "Gabriel",
    "Martin",
    "Victor",
    "Simon",
    "Mathieu",
    "Rémi",
    "Bruno",
    "Baptiste",
    "Denis",
    "Julien",
    "Samuel",
    "Karim",
)
WOMEN: tuple[str, ...] = (
    "Julie",
    "Sophie",
    "Claire",
    "Marie",
    "Léa",
    "Manon",
    "Chloé",
    "Zoé",
    "Sarah",
    "Juliette",
    "Pauline",
    "Nina",
    "Laura",
    "Lucie",
    "Margaux",
    "Valérie",
    "Fanny",
    "Nadia",
    "Lina",
    "Céline",
)

# Instructions that can stand before or after the text, those that can only stand after it, and introductory words.
ORDERS: tuple[str, ...] = (
    "Réponds en quelques mots, sans phrase.",
    "Réponds sans faire de phrase.",
    "Réponds brièvement.",
    "Réponds très brièvement, sans phrase complète.",
    "Donne une réponse de quelques mots.",
)
AFTER: tuple[str, ...] = ("Quelques mots suffisent.", "Pas de phrase complète.", "Réponse courte.")
LEADS: tuple[str, ...] = ("En quelques mots", "Brièvement", "Sans faire de phrase", "En bref")
ONE_WORD: tuple[str, ...] = ("Réponds en un mot.", "Réponds par un seul mot.", "Un mot suffit.")

# Layouts where an instruction may follow, those that it opens, and those where it introduces the question.
CLOSED: tuple[str, ...] = (
    "{text} {question} {order}",
    "Texte : {text} Question : {question} {order}",
    "Texte : {text}\nQuestion : {question}\n{order}",
    "Lis ceci : {text} {question} {order}",
    "{question} Voici le texte : {text} {order}",
    "Question : {question}\nTexte : {text}\n{order}",
    "« {text} » {question} {order}",
    "{text} D'après ce texte, {ask} {order}",
    "Voici un petit texte : « {text} » {question} {order}",
    "{text}\n{question} {order}",
)
OPENED: tuple[str, ...] = (
    "{order} {text} {question}",
    "{order} {question} Texte : « {text} »",
    "{order}\nTexte : {text}\nQuestion : {question}",
)
LED: tuple[str, ...] = (
    "{text} {lead}, {ask}",
    "{lead}, {ask} Lis ceci : {text}",
    "Lis ce passage : {text} {lead}, {ask}",
)

# Ways to join two clauses.
JOINS: tuple[str, ...] = (
    "{first} et {second}.",
    "{first}, tandis que {second}.",
    "{first}, alors que {second}.",
    "{first} ; {second}.",
    "{first}. {Second}.",
)


def size(text: str) -> int:
    """Return the number of words of the text, punctuation left out."""
    return sum(any(character.isalnum() for character in word) for word in text.split())


def people(rng: random.Random, count: int) -> list[str]:
    """Return that many different first names."""
    return rng.sample(MEN + WOMEN, count)


def pronoun(name: str) -> str:
    """Return the subject pronoun that stands for the first name."""
    return "elle" if name in WOMEN else "il"


def join(rng: random.Random, first: str, second: str) -> str:
    """Return a text made of two clauses."""
    return rng.choice(JOINS).format(first=first, second=second, Second=capital(second))


def sides(rng: random.Random, count: int) -> list[int]:
    """Return 0 (ask about the first clause) and 1 (ask about the second) equally often, in random order."""
    places = [index % 2 for index in range(count)]
    rng.shuffle(places)
    return places


def is_word(answer: str) -> bool:
    """Tell whether the answer is a single word."""
    return size(answer) == 1 and "'" not in answer


def arrange(rng: random.Random, scene: Scene, extra: Sequence[str]) -> str:
    """Return one prompt that presents the text and the question of a scene."""
    text, ask, answer = scene
    single = is_word(answer)
    kind = rng.choices(("closed", "bare", "opened", "led"), (10, 4, 4, 4))[0]
    lead = rng.choice((*LEADS, "En un mot") if single else LEADS)
    order = ""
    layouts = CLOSED
    if kind == "closed":
        order = rng.choice((*ORDERS, *AFTER, *extra, *extra, *(ONE_WORD if single else ())))
    elif kind == "opened":
        layouts = OPENED
        order = rng.choice((*ORDERS, *ONE_WORD[:2]) if single else ORDERS)
    elif kind == "led":
        layouts = LED
    layout = rng.choice(layouts)
    return layout.format(text=capital(text), question=capital(ask), ask=ask, order=order, lead=lead).strip()


def converse(
    rng: random.Random, scenes: Sequence[Scene], extra: Sequence[str] = (), short: Sequence[str] = ()
) -> list[Conversation]:
    """Turn scenes into conversations of a fair length, avoiding two like openings in a row.

    The instructions in `extra` suit the family, those in `short` replace them for an answer of one word.
    """
    conversations: list[Conversation] = []
    opening = ""
    for scene in rng.sample(scenes, len(scenes)):
        orders = short if short and is_word(scene[2]) else extra
        prompt = arrange(rng, scene, orders)
        while not SHORTEST <= size(prompt) <= LONGEST or prompt.split()[0] == opening:
            prompt = arrange(rng, scene, orders)
        opening = prompt.split()[0]
        conversations.append(turn(prompt, capital(scene[2])))
    return conversations


# Sets of things that people do in the same place or on the same occasion.
DEEDS: tuple[tuple[str, ...], ...] = (
    (
        "a lavé la vaisselle",
        "a passé l'aspirateur",
        "a sorti les poubelles",
        "a repassé les chemises",
        "a nettoyé les vitres",
    ),
    (
        "a tondu la pelouse",
        "a taillé la haie",
        "a planté des tulipes",
        "a cueilli les framboises",
        "a arrosé les tomates",
    ),
    (
        "a préparé la soupe",
        "a épluché les carottes",
        "a fait cuire le riz",
        "a coupé le pain",
        "a goûté la sauce",
    ),
    ("joue du violon", "joue de la flûte", "chante dans une chorale", "apprend la guitare", "joue du tambour"),
    ("pratique le judo", "fait de l'escalade", "nage tous les matins", "joue au tennis", "court au bord du canal"),
    (
        "a récité un poème",
        "a effacé le tableau",
        "a résolu le problème",
        "a dessiné une carte",
        "a distribué les cahiers",
    ),
    (
        "a apporté le gâteau",
        "a gonflé les ballons",
        "a choisi la musique",
        "a accroché les guirlandes",
        "a pris les photos",
    ),
    ("a monté la tente", "a allumé le feu", "a rapporté de l'eau", "a ramassé du bois", "a étudié le plan"),
    (
        "a réparé le robinet",
        "a repeint le portail",
        "a changé l'ampoule",
        "a monté l'étagère",
        "a vissé la poignée",
    ),
    (
        "a nourri les poules",
        "a brossé le cheval",
        "a promené le chien",
        "a soigné le lapin",
        "a nettoyé l'aquarium",
    ),
    ("a cassé un verre", "a renversé le lait", "a taché la nappe", "a fait tomber le vase", "a oublié le pain"),
    (
        "va conduire la voiture",
        "va réserver l'hôtel",
        "va acheter les billets",
        "va préparer les bagages",
        "va garder le chat",
    ),
)

# People who are named by their family.
RELATIVES: tuple[str, ...] = (
    "le frère de Julie",
    "la sœur de Marc",
    "l'oncle de Nina",
    "la mère de Simon",
    "le père de Laura",
    "la cousine de Denis",
    "le cousin de Fanny",
    "la tante de Victor",
    "le grand-père de Zoé",
    "la voisine de Paul",
)


def who_did_it(rng: random.Random) -> list[Conversation]:
    """Ask which of two or three people did something."""
    questions = [(deeds, deed) for deeds in DEEDS for deed in deeds]
    scenes: list[Scene] = []
    chosen = rng.sample(questions, COUNT)
    for index, ((deeds, deed), side) in enumerate(zip(chosen, sides(rng, COUNT), strict=True)):
        others = rng.sample([other for other in deeds if other != deed], 2)
        ask = f"{rng.choice(('qui', 'qui', 'quelle personne'))} {deed} ?"
        if index % 4 == 3:
            subjects = rng.sample(RELATIVES, 2)
        else:
            subjects = people(rng, rng.choice((2, 2, 3)))
        place = side * rng.randint(1, len(subjects) - 1)
        done = others[: len(subjects) - 1]
        done.insert(place, deed)
        clauses = [f"{subject} {action}" for subject, action in zip(subjects, done, strict=True)]
        if len(clauses) == 3:
            text = f"{clauses[0]}, {clauses[1]} et {clauses[2]}."
        elif rng.random() < 0.2:
            text = f"{clauses[0]}. De son côté, {clauses[1]}."
        else:
            text = join(rng, clauses[0], clauses[1])
        scenes.append((text, ask, subjects[place]))
    names = ("Juste le prénom.", "Donne seulement le prénom.", "Un prénom suffit.")
    return converse(rng, scenes, ("Nomme seulement la personne.",), names)


# Things that somebody may have put somewhere: the thing, « est » or « sont », the place.
OBJECTS: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (
        ("les clés", "sont", "dans le tiroir"),
        ("le journal", "est", "sur le fauteuil"),
        ("les lunettes", "sont", "à côté de la télévision"),
        ("le parapluie", "est", "derrière la porte"),
        ("les chaussons", "sont", "sous le lit"),
        ("la télécommande", "est", "entre deux coussins"),
    ),
    (
        ("la farine", "est", "dans le placard"),
        ("les œufs", "sont", "dans le réfrigérateur"),
        ("la tarte", "est", "sur le rebord de la fenêtre"),
        ("les cuillères", "sont", "dans un pot en terre"),
        ("la confiture", "est", "sur l'étagère du haut"),
        ("le plateau", "est", "à côté de l'évier"),
    ),
    (
        ("le vélo", "est", "contre le mur"),
        ("l'échelle", "est", "au fond du garage"),
        ("les pinceaux", "sont", "dans un seau"),
        ("la brouette", "est", "devant la cabane"),
        ("les bottes", "sont", "près de l'entrée"),
        ("le marteau", "est", "dans la caisse à outils"),
    ),
    (
        ("le dictionnaire", "est", "sur le bureau"),
        ("les ciseaux", "sont", "dans la trousse"),
        ("la règle", "est", "sous un cahier"),
        ("le globe", "est", "en haut de l'armoire"),
        ("les feutres", "sont", "dans une boîte bleue"),
        ("le cartable", "est", "au pied de la chaise"),
    ),
)

# What cannot be moved, or moves by itself: the subject (a name where empty), the verb, the place.
SPOTS: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (
        ("la boulangerie", "se trouve", "en face de la gare"),
        ("la pharmacie", "est", "à côté de la mairie"),
        ("le cinéma", "se trouve", "derrière l'église"),
        ("la poste", "est", "au coin de la rue"),
        ("le marché couvert", "se trouve", "sur la grande place"),
        ("le musée", "est", "au bord du fleuve"),
        ("l'école", "se trouve", "près du parc"),
    ),
    (
        ("le chat", "dort", "sur le canapé"),
        ("le chien", "joue", "dans la cour"),
        ("les poules", "picorent", "derrière la grange"),
        ("le lapin", "se cache", "sous les buissons"),
        ("les vaches", "broutent", "au bord de la rivière"),
        ("l'âne", "attend", "près de la barrière"),
    ),
    (
        ("", "déjeune", "à la cantine"),
        ("", "lit", "dans le salon"),
        ("", "attend", "devant le théâtre"),
        ("", "révise", "à la bibliothèque"),
        ("", "dîne", "chez des amis"),
        ("", "se repose", "sur la terrasse"),
        ("", "bricole", "dans le garage"),
        ("", "dessine", "à la table de la cuisine"),
    ),
)


def where_is_it(rng: random.Random) -> list[Conversation]:
    """Ask where one of two things, animals or people is."""
    scenes: list[Scene] = []
    questions = [(group, row) for group in OBJECTS + SPOTS for row in group]
    for (group, row), side in zip(rng.sample(questions, COUNT), sides(rng, COUNT), strict=True):
        rows = [row, rng.choice([other for other in group if other != row])]
        if side:
            rows.reverse()
        names = people(rng, 2)
        subjects = [noun or name for (noun, _, _), name in zip(rows, names, strict=True)]
        clauses = [f"{subject} {verb} {place}" for subject, (_, verb, place) in zip(subjects, rows, strict=True)]
        text = join(rng, clauses[0], clauses[1])
        ask = f"où {row[1]} {subjects[side]} ?"
        if group in OBJECTS:
            if rng.random() < 0.5:
                things = [f"{noun} {place}" for noun, _, place in rows]
                verb = rng.choice(("a mis", "a laissé"))
                text = rng.choice(
                    (
                        f"{names[0]} {verb} {things[0]} et {things[1]}.",
                        f"{names[0]} a mis {things[0]}, tandis que {names[1]} a laissé {things[1]}.",
                        f"{names[0]} {verb} {things[0]}. {names[1]} {verb} {things[1]}.",
                    )
                )
            if rng.random() < 0.4:
                ask = f"où {'se trouve' if row[1] == 'est' else 'se trouvent'} {row[0]} ?"
        scenes.append((text, ask, row[2]))
    return converse(rng, scenes, ("Juste le lieu.", "Donne seulement l'endroit.", "Juste l'endroit."))


# Occasion, past participle, things.
GOODS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "au marché",
        "acheté",
        ("un melon", "des cerises", "une botte de radis", "du fromage de chèvre", "un poulet rôti"),
    ),
    (
        "à la brocante",
        "trouvé",
        ("une vieille horloge", "un miroir doré", "une carte postale", "une lampe en cuivre", "un jeu de dames"),
    ),
    (
        "à Noël",
        "reçu",
        ("un cerf-volant", "une montre", "un roman policier", "des patins à glace", "une boîte de peinture"),
    ),
    (
        "dans le train",
        "oublié",
        ("un parapluie", "une écharpe", "un sac à dos", "des gants", "un livre de poche"),
    ),
    (
        "sur la plage",
        "ramassé",
        ("un coquillage", "un galet blanc", "une plume de mouette", "un morceau de bois", "une pièce de monnaie"),
    ),
    (
        "à la médiathèque",
        "emprunté",
        ("un atlas", "une bande dessinée", "un recueil de poèmes", "un guide de randonnée", "une revue de jardinage"),
    ),
    (
        "au restaurant",
        "commandé",
        (
            "une omelette",
            "un gratin de courgettes",
            "une soupe à l'oignon",
            "du poisson grillé",
            "une salade de lentilles",
        ),
    ),
    (
        "à la tombola",
        "gagné",
        ("un panier de fruits", "une peluche", "un ballon", "une boîte de chocolats", "un jeu de cartes"),
    ),
    (
        "à l'atelier",
        "fabriqué",
        ("un nichoir", "une étagère", "un petit banc", "une boîte à bijoux", "un cadre en bois"),
    ),
    (
        "dans la forêt",
        "photographié",
        ("un chevreuil", "un écureuil", "un pic-vert", "un hérisson", "un renard"),
    ),
)

# Two things that the same person did: past participle, thing, past participle, thing.
DOUBLES: tuple[tuple[str, str, str, str], ...] = (
    ("vendu", "une moto", "acheté", "un vélo"),
    ("perdu", "un gant", "retrouvé", "une clé"),
    ("jeté", "une lettre", "gardé", "une photo"),
    ("cassé", "un vase", "réparé", "une chaise"),
    ("prêté", "une tente", "emprunté", "une glacière"),
    ("écrit", "un poème", "dessiné", "un bateau"),
    ("mangé", "une pêche", "bu", "un jus de raisin"),
    ("lavé", "un manteau", "repassé", "une robe"),
    ("envoyé", "une carte", "reçu", "un colis"),
    ("peint", "un portrait", "sculpté", "un oiseau"),
    ("planté", "un cerisier", "arraché", "un vieux rosier"),
    ("loué", "une barque", "acheté", "une canne à pêche"),
    ("rendu", "un disque", "emprunté", "un film"),
    ("tricoté", "un bonnet", "cousu", "un tablier"),
)


def what_thing(rng: random.Random) -> list[Conversation]:
    """Ask what a person bought, found, received, lost or made."""
    scenes: list[Scene] = []
    pairs = rng.sample(DOUBLES, 12)
    goods = [(group, thing) for group in GOODS for thing in group[2]]
    chosen = rng.sample(goods, COUNT - len(pairs))
    for ((occasion, verb, things), thing), side in zip(chosen, sides(rng, len(chosen)), strict=True):
        pair = [thing, rng.choice([other for other in things if other != thing])]
        if side:
            pair.reverse()
        one, two = people(rng, 2)
        text = rng.choice(
            (
                f"{occasion}, {one} a {verb} {pair[0]} et {two} a {verb} {pair[1]}.",
                f"{occasion}, {one} a {verb} {pair[0]}, alors que {two} a {verb} {pair[1]}.",
                f"{one} a {verb} {pair[0]} {occasion}. {two} a {verb} {pair[1]}.",
                f"{one} et {two} étaient ensemble : {one} a {verb} {pair[0]} et {two}, {pair[1]}.",
            )
        )
        name = (one, two)[side]
        scenes.append((text, rng.choice((f"qu'a {verb} {name} ?", f"qu'est-ce que {name} a {verb} ?")), thing))
    for (before, first, after, second), side in zip(pairs, sides(rng, len(pairs)), strict=True):
        name = people(rng, 1)[0]
        text = rng.choice(
            (
                f"{name} a {before} {first} et a {after} {second}.",
                f"{name} a {before} {first}, puis {pronoun(name)} a {after} {second}.",
                f"le matin, {name} a {before} {first} ; l'après-midi, {pronoun(name)} a {after} {second}.",
                f"hier, {name} a {before} {first}. Aujourd'hui, {pronoun(name)} a {after} {second}.",
            )
        )
        verb, thing = ((before, first), (after, second))[side]
        scenes.append((text, rng.choice((f"qu'a {verb} {name} ?", f"qu'est-ce que {name} a {verb} ?")), thing))
    return converse(rng, scenes, ("Juste le nom.", "Donne juste le nom.", "Seulement le nom."))


WEEK: tuple[str, ...] = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

# What comes back each week: the clause, its question (the day is drawn).
WEEKLY: tuple[tuple[str, str], ...] = (
    ("le cours de judo a lieu", "quel jour a lieu le cours de judo ?"),
    ("le marché se tient", "quel jour se tient le marché ?"),
    ("la chorale répète", "quel jour répète la chorale ?"),
    ("le musée ferme", "quel jour ferme le musée ?"),
    ("l'atelier de poterie a lieu", "quel jour a lieu l'atelier de poterie ?"),
    ("le club d'échecs se réunit", "quel jour se réunit le club d'échecs ?"),
    ("la ludothèque ouvre", "quel jour ouvre la ludothèque ?"),
    ("le boulanger se repose", "quel jour se repose le boulanger ?"),
)

# What a person does each week: the clause, its question.
HABITS: tuple[tuple[str, str], ...] = (
    ("{n} va à la piscine", "quel jour {n} va-t-{p} à la piscine ?"),
    ("{n} suit un cours de chant", "quel jour {n} suit-{p} un cours de chant ?"),
    ("{n} rend visite à sa tante", "quel jour {n} rend-{p} visite à sa tante ?"),
    ("{n} joue au basket", "quel jour {n} joue-t-{p} au basket ?"),
    ("{n} fait les courses", "quel jour {n} fait-{p} les courses ?"),
    ("{n} prépare des crêpes", "quel jour {n} prépare-t-{p} des crêpes ?"),
)

# What will happen once: the clause, its question.
COMING: tuple[tuple[str, str], ...] = (
    ("le match aura lieu", "quel jour aura lieu le match ?"),
    ("le plombier passera", "quel jour passera le plombier ?"),
    ("les cousins arriveront", "quel jour arriveront les cousins ?"),
    ("le colis sera livré", "quel jour le colis sera-t-il livré ?"),
    ("la dictée aura lieu", "quel jour aura lieu la dictée ?"),
    ("le bateau repartira", "quel jour repartira le bateau ?"),
    ("la classe visitera la ferme", "quel jour la classe visitera-t-elle la ferme ?"),
    ("les résultats seront affichés", "quel jour les résultats seront-ils affichés ?"),
)

# Events with their own hour, season, month or moment: the clause, the time, the question.
DATED: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (
        ("le train de Lyon part", "à 9 heures", "à quelle heure part le train de Lyon ?"),
        ("le film commence", "à 20 h 30", "à quelle heure commence le film ?"),
        ("le magasin ouvre", "à 10 heures", "à quelle heure ouvre le magasin ?"),
        ("la réunion finit", "à midi", "à quelle heure finit la réunion ?"),
        ("le dernier bus passe", "à minuit", "à quelle heure passe le dernier bus ?"),
        ("le dîner est servi", "à 19 heures", "à quelle heure le dîner est-il servi ?"),
        ("la visite guidée débute", "à 14 h 15", "à quelle heure débute la visite guidée ?"),
        ("le bateau accoste", "à 17 heures", "à quelle heure le bateau accoste-t-il ?"),
    ),
    (
        ("le jardinier plante les tulipes", "en automne", "en quelle saison le jardinier plante-t-il les tulipes ?"),
        ("la famille part à la mer", "en été", "en quelle saison la famille part-elle à la mer ?"),
        ("les enfants font du ski", "en hiver", "en quelle saison les enfants font-ils du ski ?"),
        ("les hirondelles reviennent", "au printemps", "en quelle saison reviennent les hirondelles ?"),
        ("le camping ouvre", "au printemps", "en quelle saison ouvre le camping ?"),
        ("la fermière vend des abricots", "en été", "en quelle saison la fermière vend-elle des abricots ?"),
        ("la patinoire ouvre", "en hiver", "en quelle saison ouvre la patinoire ?"),
        ("le vigneron récolte le raisin", "en automne", "en quelle saison le vigneron récolte-t-il le raisin ?"),
    ),
    (
        ("le festival de musique a lieu", "en juillet", "en quel mois a lieu le festival de musique ?"),
        ("la course à pied se déroule", "en mars", "en quel mois se déroule la course à pied ?"),
        ("le salon du livre se tient", "en octobre", "en quel mois se tient le salon du livre ?"),
        ("les travaux commencent", "en septembre", "en quel mois commencent les travaux ?"),
        ("le concours de photo se termine", "en mai", "en quel mois se termine le concours de photo ?"),
        ("la foire agricole a lieu", "en août", "en quel mois a lieu la foire agricole ?"),
        ("le théâtre rouvre", "en novembre", "en quel mois rouvre le théâtre ?"),
        ("l'exposition ferme", "en février", "en quel mois ferme l'exposition ?"),
    ),
    (
        ("le boulanger pétrit la pâte", "à l'aube", "quand le boulanger pétrit-il la pâte ?"),
        ("la vétérinaire reçoit", "l'après-midi", "à quel moment reçoit la vétérinaire ?"),
        ("le gardien fait sa ronde", "la nuit", "à quel moment le gardien fait-il sa ronde ?"),
        ("la fermière ramasse les œufs", "le matin", "quand la fermière ramasse-t-elle les œufs ?"),
        ("les voisins arrosent le potager", "le soir", "à quel moment les voisins arrosent-ils le potager ?"),
        ("les élèves chantent", "avant le déjeuner", "quand les élèves chantent-ils ?"),
        ("le professeur corrige les copies", "après le dîner", "quand le professeur corrige-t-il les copies ?"),
    ),
)


def when_was_it(rng: random.Random) -> list[Conversation]:
    """Ask for the day, the hour, the season or the moment of one of two events."""
    usual, once = [f"le {day}" for day in WEEK], list(WEEK)
    groups: list[list[tuple[str, str, str]]] = [list(group) for group in DATED]
    for table, days in ((WEEKLY, usual), (HABITS, usual), (COMING, once)):
        times = rng.sample(days, len(days))
        groups.append([(clause, times[at % len(times)], ask) for at, (clause, ask) in enumerate(table)])
    questions = [(group, row) for group in groups for row in group]
    scenes: list[Scene] = []
    for (group, row), side in zip(rng.sample(questions, COUNT), sides(rng, COUNT), strict=True):
        rows = [row, rng.choice([other for other in group if other[1] != row[1]])]
        if side:
            rows.reverse()
        names = people(rng, 2)
        first, second = (
            f"{clause} {time}".format(n=name) for (clause, time, _), name in zip(rows, names, strict=True)
        )
        ask = row[2].format(n=names[side], p=pronoun(names[side]))
        scenes.append((join(rng, first, second), ask, row[1]))
    return converse(rng, scenes, ("Juste le moment.", "Donne seulement le moment."))


# Colour: masculine, feminine, masculine plural, feminine plural.
COLOURS: tuple[dict[str, str], ...] = (
    {"m": "vert", "f": "verte", "mp": "verts", "fp": "vertes"},
    {"m": "bleu", "f": "bleue", "mp": "bleus", "fp": "bleues"},
    {"m": "noir", "f": "noire", "mp": "noirs", "fp": "noires"},
    {"m": "blanc", "f": "blanche", "mp": "blancs", "fp": "blanches"},
    {"m": "gris", "f": "grise", "mp": "gris", "fp": "grises"},
    {"m": "jaune", "f": "jaune", "mp": "jaunes", "fp": "jaunes"},
    {"m": "rouge", "f": "rouge", "mp": "rouges", "fp": "rouges"},
    {"m": "violet", "f": "violette", "mp": "violets", "fp": "violettes"},
    {"m": "marron", "f": "marron", "mp": "marron", "fp": "marron"},
)

# Coloured things, with their gender and number.
COLOURED: tuple[tuple[tuple[str, str], ...], ...] = (
    (("le pull", "m"), ("la jupe", "f"), ("les gants", "mp"), ("les chaussettes", "fp"), ("l'écharpe", "f")),
    (("la porte", "f"), ("les volets", "mp"), ("le portail", "m"), ("la clôture", "f"), ("les rideaux", "mp")),
    (("le cahier", "m"), ("la trousse", "f"), ("les crayons", "mp"), ("le cartable", "m"), ("la gomme", "f")),
    (("le vélo", "m"), ("la voiture", "f"), ("le camion", "m"), ("la barque", "f")),
)
THOSE: dict[str, str] = {"m": "celui", "f": "celle", "mp": "ceux", "fp": "celles"}

# Things that may be made of the same materials, those materials.
MADE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("le bol", "l'assiette", "la cuillère", "le plateau"), ("en bois", "en métal", "en plastique", "en porcelaine")),
    (("le manteau", "la jupe", "les gants", "le gilet"), ("en laine", "en cuir", "en velours", "en coton")),
    (("la table", "le banc", "les chaises", "le coffre"), ("en bois", "en fer", "en plastique", "en osier")),
)

# What is asked (to be completed), things with their verb and their quality.
SENSED: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "de quelle taille {be} {thing} ?",
        (
            ("la valise", "est", "grande"),
            ("le sac", "est", "petit"),
            ("les cartons", "sont", "immenses"),
            ("la boîte", "est", "minuscule"),
        ),
    ),
    (
        "de quelle taille {be} {thing} ?",
        (
            ("le salon", "est", "grand"),
            ("la chambre", "est", "petite"),
            ("le grenier", "est", "immense"),
            ("les placards", "sont", "minuscules"),
        ),
    ),
    (
        "quel goût {have} {thing} ?",
        (
            ("la compote", "est", "sucrée"),
            ("le café", "est", "amer"),
            ("le jus de citron", "est", "acide"),
            ("la sauce", "est", "piquante"),
            ("les biscuits", "sont", "salés"),
        ),
    ),
    (
        "de quelle forme {be} {thing} ?",
        (
            ("le miroir", "est", "rond"),
            ("la nappe", "est", "carrée"),
            ("le tapis", "est", "rectangulaire"),
            ("le cadre", "est", "ovale"),
            ("les carreaux", "sont", "triangulaires"),
        ),
    ),
    (
        "comment {be} {thing} ?",
        (
            ("le lait", "est", "tiède"),
            ("la soupe", "est", "brûlante"),
            ("l'eau", "est", "fraîche"),
            ("les frites", "sont", "froides"),
        ),
    ),
    (
        "comment {be} {thing} au toucher ?",
        (
            ("le galet", "est", "lisse"),
            ("l'écorce", "est", "rugueuse"),
            ("la couverture", "est", "douce"),
            ("le coussin", "est", "mou"),
        ),
    ),
)


def verb_for(thing: str) -> str:
    """Return « est » or « sont », as the thing requires."""
    return "sont" if thing.startswith("les ") else "est"


def colours(rng: random.Random, side: int, kind: int, group: Sequence[tuple[str, str]], at: int) -> Scene:
    """Return a scene on the colour of a thing: 0 of two things, 1 of two owners, 2 the thing of a colour."""
    thing, form = group[at]
    tints = rng.sample(COLOURS, 2)
    be = verb_for(thing)
    if kind == 1:
        names = people(rng, 2)
        first = f"{thing} de {names[0]} {be} {tints[0][form]}"
        second = f"{THOSE[form]} de {names[1]} {be} {tints[1][form]}"
        text = f"{first} et {second}." if rng.random() < 0.5 else f"{first}, alors que {second}."
        return text, f"de quelle couleur {be} {thing} de {names[side]} ?", tints[side][form]
    pair = [(thing, form), rng.choice([other for other in group if other[0] != thing])]
    if side:
        pair.reverse()
    first, second = (
        f"{noun} {verb_for(noun)} {tint[gender]}" for (noun, gender), tint in zip(pair, tints, strict=True)
    )
    text = join(rng, first, second)
    if kind == 2:
        return text, f"qu'est-ce qui est {tints[side]['m']} ?", thing
    return text, f"de quelle couleur {be} {thing} ?", tints[side][form]


def which_quality(rng: random.Random) -> list[Conversation]:
    """Ask for the colour, the material, the size, the taste or the shape of one of two things."""
    scenes: list[Scene] = []
    tinted = [(group, at) for group in COLOURED for at in range(len(group))]
    for index, ((group, at), side) in enumerate(zip(rng.sample(tinted, 17), sides(rng, 17), strict=True)):
        scenes.append(colours(rng, side, index % 3, group, at))
    made = [(things, matters, thing) for things, matters in MADE for thing in things]
    for (things, matters, thing), side in zip(rng.sample(made, 9), sides(rng, 9), strict=True):
        pair = [thing, rng.choice([other for other in things if other != thing])]
        if side:
            pair.reverse()
        kinds = rng.sample(matters, 2)
        first, second = (f"{noun} {verb_for(noun)} {matter}" for noun, matter in zip(pair, kinds, strict=True))
        text, matter = join(rng, first, second), kinds[side]
        if rng.random() < 0.35:
            scenes.append((text, f"qu'est-ce qui est {matter} ?", thing))
        else:
            scenes.append((text, f"en quelle matière {verb_for(thing)} {thing} ?", matter))
    sensed = [(pattern, rows, row) for pattern, rows in SENSED for row in rows]
    for (pattern, rows, row), side in zip(rng.sample(sensed, 14), sides(rng, 14), strict=True):
        both = [row, rng.choice([other for other in rows if other != row])]
        if side:
            both.reverse()
        text = join(rng, " ".join(both[0]), " ".join(both[1]))
        have = "ont" if row[1] == "sont" else "a"
        scenes.append((text, pattern.format(be=row[1], have=have, thing=row[0]), row[2]))
    return converse(rng, scenes)


# Text on a man, on a woman; question on its first clause, answer, question on its second clause, answer.
CONTRASTS: tuple[tuple[tuple[str, ...], str, str, str, str, str], ...] = (
    (
        MEN,
        "{n} voulait prendre le train, mais il a pris le car.",
        "qu'est-ce que {n} voulait prendre ?",
        "le train",
        "qu'est-ce que {n} a pris finalement ?",
        "le car",
    ),
    (
        MEN,
        "{n} est passé à la poste avant d'aller chez le coiffeur.",
        "où {n} est-il passé en premier ?",
        "à la poste",
        "où {n} est-il allé ensuite ?",
        "chez le coiffeur",
    ),
    (
        MEN,
        "au lieu de regarder un film, {n} a lu une bande dessinée.",
        "qu'est-ce que {n} n'a pas regardé ?",
        "un film",
        "qu'est-ce que {n} a lu ?",
        "une bande dessinée",
    ),
    (
        MEN,
        "{n} a goûté le fromage, puis il a mangé la tarte.",
        "qu'est-ce que {n} a goûté ?",
        "le fromage",
        "qu'a mangé {n} ensuite ?",
        "la tarte",
    ),
    (
        MEN,
        "{n} aime le café, mais son frère préfère le chocolat chaud.",
        "quelle boisson aime {n} ?",
        "le café",
        "quelle boisson préfère le frère de {n} ?",
        "le chocolat chaud",
    ),
    (
        MEN,
        "{n} cherchait sa montre, mais il a retrouvé son portefeuille.",
        "que cherchait {n} ?",
        "sa montre",
        "qu'a retrouvé {n} ?",
        "son portefeuille",
    ),
    (
        MEN,
        "{n} a commandé une crème au caramel, mais le serveur a apporté un sorbet.",
        "quel dessert {n} a-t-il commandé ?",
        "une crème au caramel",
        "quel dessert le serveur a-t-il apporté ?",
        "un sorbet",
    ),
    (
        MEN,
        "avant de devenir boulanger, {n} a été facteur pendant longtemps.",
        "quel métier {n} a-t-il exercé en dernier ?",
        "boulanger",
        "quel métier {n} a-t-il exercé en premier ?",
        "facteur",
    ),
    (
        MEN,
        "{n} habitait à Rennes, puis il s'est installé à Grenoble.",
        "où habitait {n} au début ?",
        "à Rennes",
        "où {n} s'est-il installé ensuite ?",
        "à Grenoble",
    ),
    (
        MEN,
        "dans son jardin, {n} a planté un pommier au lieu d'un poirier.",
        "quel arbre {n} a-t-il planté ?",
        "un pommier",
        "quel arbre {n} n'a-t-il pas planté ?",
        "un poirier",
    ),
    (
        MEN,
        "{n} devait jouer contre Denis, mais c'est Bruno qui l'a affronté.",
        "contre qui {n} devait-il jouer ?",
        "contre Denis",
        "qui a affronté {n} ?",
        "Bruno",
    ),
    (
        MEN,
        "{n} a visité le château le matin, puis le musée l'après-midi.",
        "quel lieu {n} a-t-il visité le matin ?",
        "le château",
        "quel lieu {n} a-t-il visité l'après-midi ?",
        "le musée",
    ),
    (
        MEN,
        "{n} a repeint la barrière, mais il n'a pas touché au banc.",
        "qu'est-ce que {n} a repeint ?",
        "la barrière",
        "à quoi {n} n'a-t-il pas touché ?",
        "au banc",
    ),
    (
        MEN,
        "{n} apprend l'italien, mais sa sœur apprend le polonais.",
        "quelle langue apprend {n} ?",
        "l'italien",
        "quelle langue apprend la sœur de {n} ?",
        "le polonais",
    ),
    (
        MEN,
        "{n} a d'abord appelé le gardien, puis il a prévenu la voisine.",
        "qui {n} a-t-il appelé en premier ?",
        "le gardien",
        "qui {n} a-t-il prévenu ensuite ?",
        "la voisine",
    ),
    (
        MEN,
        "{n} voulait un chien, mais ses parents ont adopté un chat.",
        "quel animal voulait {n} ?",
        "un chien",
        "quel animal les parents de {n} ont-ils adopté ?",
        "un chat",
    ),
    (
        MEN,
        "{n} est parti en bateau, mais il est revenu en avion.",
        "comment {n} est-il parti ?",
        "en bateau",
        "comment {n} est-il revenu ?",
        "en avion",
    ),
    (
        MEN,
        "{n} court le samedi, mais il nage le mercredi.",
        "quel jour court {n} ?",
        "le samedi",
        "quel jour nage {n} ?",
        "le mercredi",
    ),
    (
        MEN,
        "{n} devait mettre du sel dans la soupe, mais il a mis du sucre.",
        "que devait mettre {n} dans la soupe ?",
        "du sel",
        "qu'est-ce que {n} a mis dans la soupe ?",
        "du sucre",
    ),
    (
        MEN,
        "{n} a réparé le tracteur avant de nettoyer la remorque.",
        "qu'est-ce que {n} a réparé ?",
        "le tracteur",
        "qu'est-ce que {n} a nettoyé ?",
        "la remorque",
    ),
    (
        MEN,
        "{n} dort dans la chambre bleue, mais ses cousins dorment sous la tente.",
        "où dort {n} ?",
        "dans la chambre bleue",
        "où dorment les cousins de {n} ?",
        "sous la tente",
    ),
    (
        MEN,
        "{n} a rangé la cuisine, mais il a oublié le salon.",
        "quelle pièce {n} a-t-il rangée ?",
        "la cuisine",
        "quelle pièce {n} a-t-il oubliée ?",
        "le salon",
    ),
    (
        WOMEN,
        "{n} voulait une robe rouge, mais elle a choisi une robe grise.",
        "de quelle couleur est la robe que {n} voulait ?",
        "rouge",
        "de quelle couleur est la robe que {n} a choisie ?",
        "grise",
    ),
    (
        WOMEN,
        "{n} a traversé le pont avant de longer la rivière.",
        "qu'est-ce que {n} a traversé ?",
        "le pont",
        "qu'est-ce que {n} a longé ?",
        "la rivière",
    ),
    (
        WOMEN,
        "au lieu d'aller à la plage, {n} est restée à la maison.",
        "où {n} n'est-elle pas allée ?",
        "à la plage",
        "où {n} est-elle restée ?",
        "à la maison",
    ),
    (
        WOMEN,
        "{n} a bu un verre d'eau, puis elle a croqué une pomme.",
        "qu'est-ce que {n} a bu ?",
        "un verre d'eau",
        "qu'est-ce que {n} a croqué ?",
        "une pomme",
    ),
    (
        WOMEN,
        "{n} joue du piano, mais sa cousine joue de la harpe.",
        "de quel instrument joue {n} ?",
        "du piano",
        "de quel instrument joue la cousine de {n} ?",
        "de la harpe",
    ),
    (
        WOMEN,
        "{n} croyait voir un loup, mais c'était un renard.",
        "quel animal {n} croyait-elle voir ?",
        "un loup",
        "quel animal était-ce en réalité ?",
        "un renard",
    ),
    (
        WOMEN,
        "{n} a fermé la fenêtre, mais elle n'a pas verrouillé la porte.",
        "qu'est-ce que {n} a fermé ?",
        "la fenêtre",
        "qu'est-ce que {n} n'a pas verrouillé ?",
        "la porte",
    ),
    (
        WOMEN,
        "avant d'ouvrir une librairie, {n} tenait un restaurant.",
        "qu'est-ce que {n} a ouvert ?",
        "une librairie",
        "qu'est-ce que {n} tenait auparavant ?",
        "un restaurant",
    ),
    (
        WOMEN,
        "{n} devait arriver lundi, mais elle est arrivée mercredi.",
        "quel jour {n} devait-elle arriver ?",
        "lundi",
        "quel jour {n} est-elle arrivée ?",
        "mercredi",
    ),
    (
        WOMEN,
        "{n} a cueilli des mûres au lieu de ramasser des champignons.",
        "qu'est-ce que {n} a cueilli ?",
        "des mûres",
        "qu'est-ce que {n} n'a pas ramassé ?",
        "des champignons",
    ),
    (
        WOMEN,
        "{n} a invité Simon, mais c'est Lucas qui est venu.",
        "qui {n} a-t-elle invité ?",
        "Simon",
        "qui est venu chez {n} ?",
        "Lucas",
    ),
    (
        WOMEN,
        "{n} a d'abord visité la grotte, puis elle a exploré le village.",
        "qu'est-ce que {n} a visité d'abord ?",
        "la grotte",
        "qu'est-ce que {n} a exploré ensuite ?",
        "le village",
    ),
    (
        WOMEN,
        "{n} écrit avec un stylo, mais elle dessine avec un fusain.",
        "avec quoi écrit {n} ?",
        "avec un stylo",
        "avec quoi dessine {n} ?",
        "avec un fusain",
    ),
    (
        WOMEN,
        "{n} préfère la montagne, mais ses enfants préfèrent la campagne.",
        "que préfère {n} ?",
        "la montagne",
        "que préfèrent les enfants de {n} ?",
        "la campagne",
    ),
    (
        WOMEN,
        "{n} a remercié le guide avant de saluer le chauffeur.",
        "qui {n} a-t-elle remercié ?",
        "le guide",
        "qui {n} a-t-elle salué ?",
        "le chauffeur",
    ),
    (
        WOMEN,
        "{n} rêvait d'un voilier, mais elle a acheté un kayak.",
        "de quoi rêvait {n} ?",
        "d'un voilier",
        "qu'a acheté {n} ?",
        "un kayak",
    ),
    (
        WOMEN,
        "{n} monte à pied, mais elle redescend en téléphérique.",
        "comment monte {n} ?",
        "à pied",
        "comment redescend {n} ?",
        "en téléphérique",
    ),
    (
        WOMEN,
        "{n} travaille le matin, mais elle étudie le soir.",
        "quand travaille {n} ?",
        "le matin",
        "quand étudie {n} ?",
        "le soir",
    ),
    (
        WOMEN,
        "{n} a demandé du thé, mais on lui a servi de la tisane.",
        "qu'est-ce que {n} a demandé ?",
        "du thé",
        "qu'est-ce qu'on a servi à {n} ?",
        "de la tisane",
    ),
    (
        WOMEN,
        "{n} a cousu un rideau avant de tricoter une couverture.",
        "qu'est-ce que {n} a cousu ?",
        "un rideau",
        "qu'est-ce que {n} a tricoté ?",
        "une couverture",
    ),
    (
        WOMEN,
        "{n} garde les photos dans un album, mais elle range les lettres dans un coffret.",
        "où {n} garde-t-elle les photos ?",
        "dans un album",
        "où {n} range-t-elle les lettres ?",
        "dans un coffret",
    ),
    (
        WOMEN,
        "{n} a accroché le tableau, puis elle a déplacé le fauteuil.",
        "qu'est-ce que {n} a accroché ?",
        "le tableau",
        "qu'est-ce que {n} a déplacé ?",
        "le fauteuil",
    ),
    (
        MEN,
        "le chat de {n} dormait sur le lit, mais il a filé sous l'armoire.",
        "où dormait le chat de {n} ?",
        "sur le lit",
        "où le chat de {n} a-t-il filé ?",
        "sous l'armoire",
    ),
    (
        WOMEN,
        "{n} a posé la balle dans le panier, puis elle l'a cachée dans le placard.",
        "où la balle était-elle d'abord ?",
        "dans le panier",
        "où est la balle maintenant ?",
        "dans le placard",
    ),
    (
        MEN,
        "le bus de {n} passe devant l'école avant de s'arrêter au stade.",
        "devant quel bâtiment passe le bus de {n} ?",
        "l'école",
        "où s'arrête le bus de {n} ?",
        "au stade",
    ),
    (
        WOMEN,
        "la soupe de {n} était brûlante, mais maintenant elle est tiède.",
        "comment était la soupe au début ?",
        "brûlante",
        "comment est la soupe maintenant ?",
        "tiède",
    ),
)


def contrast(rng: random.Random) -> list[Conversation]:
    """Ask about one of two clauses linked by « mais », « puis », « avant de » or « au lieu de »."""
    scenes: list[Scene] = []
    for row, side in zip(rng.sample(CONTRASTS, COUNT), sides(rng, COUNT), strict=True):
        names, text, first, one, second, two = row
        name = rng.choice([other for other in names if other not in text])
        ask, answer = ((first, one), (second, two))[side]
        scenes.append((text.format(n=name), ask.format(n=name), answer))
    return converse(rng, scenes)


FAMILIES = (who_did_it, where_is_it, what_thing, when_was_it, which_quality, contrast)
