"""Seeded generators of short French questions about everyday knowledge."""

import random
from collections.abc import Sequence

from families.common import Conversation, capital, turn

Item = tuple[tuple[str, ...], tuple[str, ...]]

COUNT = 27


def converse(rng: random.Random, items: Sequence[Item]) -> list[Conversation]:
    """Turn items (their prompts, their answers) into conversations, avoiding two like openings in a row."""
    conversations: list[Conversation] = []
    opening = ""
    for prompts, answers in rng.sample(items, len(items)):
        prompt = rng.choice([text for text in prompts if text.split()[0] != opening] or list(prompts))
        opening = prompt.split()[0]
        conversations.append(turn(prompt, rng.choice(answers)))
    return conversations


# Mother or animal (with « de »), its young.
YOUNG: tuple[tuple[str, str], ...] = (
    ("de l'oie", "l'oison"),
    ("de la brebis", "l'agneau"),
    ("de la jument", "le poulain"),
    ("de la poule", "le poussin"),
    ("de la chèvre", "le chevreau"),
    ("de la truie", "le porcelet"),
    ("de la lionne", "le lionceau"),
    ("de l'ourse", "l'ourson"),
    ("de la biche", "le faon"),
    ("du lièvre", "le levraut"),
    ("de l'aigle", "l'aiglon"),
    ("de la louve", "le louveteau"),
    ("du canard", "le caneton"),
    ("de l'éléphant", "l'éléphanteau"),
    ("du renard", "le renardeau"),
    ("de la baleine", "le baleineau"),
)

# Animal, animal with « de », infinitive of its cry, third person.
CRIES: tuple[tuple[str, str, str, str], ...] = (
    ("le cerf", "du cerf", "bramer", "brame"),
    ("la vache", "de la vache", "meugler", "meugle"),
    ("le chien", "du chien", "aboyer", "aboie"),
    ("l'oie", "de l'oie", "cacarder", "cacarde"),
    ("le mouton", "du mouton", "bêler", "bêle"),
    ("l'âne", "de l'âne", "braire", "brait"),
    ("le loup", "du loup", "hurler", "hurle"),
    ("le lion", "du lion", "rugir", "rugit"),
    ("le corbeau", "du corbeau", "croasser", "croasse"),
    ("le dindon", "du dindon", "glouglouter", "glougloute"),
    ("l'éléphant", "de l'éléphant", "barrir", "barrit"),
    ("le cochon", "du cochon", "grogner", "grogne"),
    ("le pigeon", "du pigeon", "roucouler", "roucoule"),
    ("le canard", "du canard", "cancaner", "cancane"),
)

# Animal, animal with « de », its food, the food after « se nourrit surtout ».
DIETS: tuple[tuple[str, str, str, str], ...] = (
    ("le koala", "du koala", "des feuilles d'eucalyptus", "de feuilles d'eucalyptus"),
    ("le morse", "du morse", "des coquillages", "de coquillages"),
    ("l'écureuil", "de l'écureuil", "des graines et des noisettes", "de graines et de noisettes"),
    ("la girafe", "de la girafe", "des feuilles d'arbres", "de feuilles d'arbres"),
    ("le tamanoir", "du tamanoir", "des fourmis et des termites", "de fourmis et de termites"),
    ("la loutre d'Europe", "de la loutre d'Europe", "des poissons", "de poissons"),
    ("le hérisson", "du hérisson", "des insectes et des vers", "d'insectes et de vers"),
    ("l'hirondelle", "de l'hirondelle", "des insectes", "d'insectes"),
    ("le hibou", "du hibou", "de petits rongeurs", "de petits rongeurs"),
    ("le lion", "du lion", "de la viande", "de viande"),
    ("la baleine bleue", "de la baleine bleue", "du krill, de minuscules crustacés", "de krill"),
    ("le zèbre", "du zèbre", "de l'herbe", "d'herbe"),
    ("le colibri", "du colibri", "du nectar de fleurs", "de nectar de fleurs"),
    ("la taupe", "de la taupe", "des vers de terre", "de vers de terre"),
)

# Animal, animal with « de », its shelter.
HOMES: tuple[tuple[str, str, str], ...] = (
    ("l'abeille", "de l'abeille", "la ruche"),
    ("la fourmi", "de la fourmi", "la fourmilière"),
    ("le lapin de garenne", "du lapin de garenne", "le terrier"),
    ("le chien de garde", "du chien de garde", "la niche"),
    ("le cheval", "du cheval", "l'écurie"),
    ("le cochon", "du cochon", "la porcherie"),
    ("la vache", "de la vache", "l'étable"),
    ("le mouton", "du mouton", "la bergerie"),
    ("la guêpe", "de la guêpe", "le guêpier"),
    ("le castor", "du castor", "la hutte"),
    ("le pigeon domestique", "du pigeon domestique", "le pigeonnier"),
)


def animals(rng: random.Random) -> list[Conversation]:
    """Ask for the young, the cry, the food or the shelter of an animal."""
    items: list[Item] = []
    for of, young in rng.sample(YOUNG, 7):
        prompts: tuple[str, ...] = (
            f"Comment s'appelle le petit {of} ?",
            f"Quel nom donne-t-on au petit {of} ?",
            f"Dis-moi le nom du petit {of}.",
            f"Je cherche le mot qui désigne le petit {of}.",
            f"Le petit {of} porte un nom particulier : lequel ?",
        )
        items.append((prompts, (f"Le petit {of}, c'est {young}.", f"C'est {young}.", f"On l'appelle {young}.")))
    for animal, of, verb, cries in rng.sample(CRIES, 7):
        prompts = (
            f"Quel verbe emploie-t-on pour le cri {of} ?",
            f"Comment nomme-t-on le cri {of} ? Donne le verbe.",
            f"Par quel verbe décrit-on le cri {of} ?",
            f"Il me faut le verbe qui convient au cri {of}.",
            f"Trouve le verbe qui exprime le cri {of}.",
        )
        answers: tuple[str, ...] = (
            f"On dit que {animal} {cries}.",
            f"Le verbe est « {verb} » : {animal} {cries}.",
            f"C'est le verbe « {verb} ».",
        )
        items.append((prompts, answers))
    for animal, of, food, of_food in rng.sample(DIETS, 7):
        prompts = (
            f"De quoi se nourrit surtout {animal} ?",
            f"Que mange {animal} dans la nature ?",
            f"Quelle est la nourriture principale {of} ?",
            f"J'aimerais savoir ce que mange {animal}.",
            f"Peux-tu me dire de quoi se nourrit {animal} ?",
        )
        answers = (
            f"{capital(animal)} mange surtout {food}.",
            f"{capital(animal)} se nourrit surtout {of_food}.",
            f"Cet animal mange surtout {food}.",
        )
        items.append((prompts, answers))
    for animal, of, home in rng.sample(HOMES, 6):
        prompts = (
            f"Quel est le nom de l'abri {of} ?",
            f"Comment appelle-t-on l'abri où loge {animal} ?",
            f"Où loge {animal} ? Donne le nom de son abri.",
            f"Nomme l'endroit où s'abrite {animal}.",
            f"L'abri {of} a un nom : quel est-il ?",
        )
        items.append((prompts, (f"L'abri {of} est {home}.", f"C'est {home}.", f"Cet abri s'appelle {home}.")))
    return converse(rng, items)


# Object, what one does with it.
USES: tuple[tuple[str, str], ...] = (
    ("un marteau", "enfoncer des clous"),
    ("un tournevis", "serrer des vis"),
    ("un tamis", "enlever les grumeaux de la farine"),
    ("un sablier", "mesurer une courte durée"),
    ("un fouet de cuisine", "battre les œufs"),
    ("un gilet de sauvetage", "flotter si l'on tombe à l'eau"),
    ("une passoire", "égoutter les légumes ou les pâtes"),
    ("un arrosoir", "arroser les plantes"),
    ("une loupe", "voir les petits détails en plus gros"),
    ("un télescope", "observer les étoiles et les planètes"),
    ("une aiguille à coudre", "coudre du tissu avec du fil"),
    ("un tire-bouchon", "enlever le bouchon d'une bouteille"),
    ("un réveil", "se lever à l'heure voulue"),
    ("une truelle", "poser du mortier entre les briques"),
    ("un râteau", "ramasser les feuilles mortes"),
    ("un sécateur", "couper les petites branches"),
    ("un entonnoir", "verser un liquide dans une bouteille"),
    ("une éponge", "laver la vaisselle"),
    ("un rabot", "aplanir une planche de bois"),
    ("une règle graduée", "tracer des lignes droites et les mesurer"),
    ("un compas", "tracer des cercles"),
    ("un casque de vélo", "protéger la tête en cas de chute"),
)

# Material or product, what it is made from (with « de »).
ORIGINS: tuple[tuple[str, str], ...] = (
    ("le papier", "de bois"),
    ("le verre", "de sable"),
    ("le plâtre", "du gypse, une roche tendre"),
    ("la soie", "du cocon du ver à soie"),
    ("le cuir", "de peaux d'animaux"),
    ("une brique", "d'argile"),
    ("le laiton", "de cuivre et de zinc"),
    ("le liège", "de l'écorce du chêne-liège"),
    ("le caoutchouc naturel", "de la sève laiteuse de l'hévéa"),
    ("le beurre", "de la crème du lait"),
    ("la farine blanche", "de grains de blé"),
    ("le chocolat", "de fèves de cacao"),
    ("le jus de pomme", "de pommes pressées"),
    ("l'huile d'olive", "d'olives pressées"),
    ("le fromage", "du lait"),
    ("le béton", "de ciment, de sable, de gravier et d'eau"),
    ("le sucre", "de betteraves ou de cannes à sucre"),
    ("la porcelaine", "d'une argile blanche, le kaolin"),
)


def objects(rng: random.Random) -> list[Conversation]:
    """Ask what an object serves for or what a material is made from."""
    items: list[Item] = []
    for thing, use in rng.sample(USES, 15):
        prompts: tuple[str, ...] = (
            f"À quoi peut bien servir {thing} ?",
            f"Pourquoi utilise-t-on {thing} ?",
            f"Que fait-on avec {thing} ?",
            f"Explique en une phrase à quoi sert {thing}.",
            f"Dans quel but se sert-on d'{thing} ?",
        )
        answers: tuple[str, ...] = (
            f"{capital(thing)} sert à {use}.",
            f"On s'en sert pour {use}.",
            f"Cet objet permet de {use}." if use[0] not in "aeéo" else f"Cet objet permet d'{use}.",
        )
        items.append((prompts, answers))
    for matter, origin in rng.sample(ORIGINS, 12):
        prompts = (
            f"À partir de quoi obtient-on {matter} ?",
            f"Avec quoi fait-on {matter} ?",
            f"Quelle est la matière de départ pour obtenir {matter} ?",
            f"Dis-moi à partir de quoi on fabrique {matter}.",
            f"Je me demande avec quoi on produit {matter}.",
        )
        answers = (
            f"On obtient {matter} à partir {origin}.",
            f"On part {origin}.",
            f"{capital(matter)} se fait à partir {origin}.",
        )
        items.append((prompts, answers))
    return converse(rng, items)


# Trade with « un », with « le », with « de », alone, what the person does.
TRADES: tuple[tuple[str, str, str, str, str], ...] = (
    ("un ramoneur", "le ramoneur", "du ramoneur", "ramoneur", "nettoie les conduits de cheminée"),
    ("un boucher", "le boucher", "du boucher", "boucher", "prépare et vend de la viande"),
    ("une poissonnière", "la poissonnière", "de la poissonnière", "poissonnière", "vend du poisson au marché"),
    ("une fleuriste", "la fleuriste", "de la fleuriste", "fleuriste", "vend des fleurs et compose des bouquets"),
    ("un maçon", "le maçon", "du maçon", "maçon", "construit des murs en briques ou en pierres"),
    ("un couvreur", "le couvreur", "du couvreur", "couvreur", "pose et répare les toits"),
    (
        "une électricienne",
        "l'électricienne",
        "de l'électricienne",
        "électricienne",
        "pose et répare les installations électriques",
    ),
    ("un menuisier", "le menuisier", "du menuisier", "menuisier", "fabrique des portes et des fenêtres en bois"),
    ("une couturière", "la couturière", "de la couturière", "couturière", "coud et retouche des vêtements"),
    ("une fromagère", "la fromagère", "de la fromagère", "fromagère", "fabrique et vend des fromages"),
    ("un garagiste", "le garagiste", "du garagiste", "garagiste", "entretient et répare les voitures"),
    ("un pilote", "le pilote", "du pilote", "pilote", "est aux commandes d'un avion"),
    (
        "une apicultrice",
        "l'apicultrice",
        "de l'apicultrice",
        "apicultrice",
        "élève des abeilles et récolte leur miel",
    ),
    ("un berger", "le berger", "du berger", "berger", "garde un troupeau de moutons"),
    ("une chapelière", "la chapelière", "de la chapelière", "chapelière", "fabrique et vend des chapeaux"),
    ("un dentiste", "le dentiste", "du dentiste", "dentiste", "soigne les dents"),
    ("un opticien", "l'opticien", "de l'opticien", "opticien", "vend des lunettes et ajuste leurs montures"),
    ("un horloger", "l'horloger", "de l'horloger", "horloger", "répare les montres et les horloges"),
    ("un cordonnier", "le cordonnier", "du cordonnier", "cordonnier", "répare les chaussures abîmées"),
    ("un serrurier", "le serrurier", "du serrurier", "serrurier", "répare les serrures et fait des clés"),
    (
        "une interprète",
        "l'interprète",
        "de l'interprète",
        "interprète",
        "traduit à voix haute un discours ou une conversation",
    ),
    ("un libraire", "le libraire", "du libraire", "libraire", "vend des livres dans sa boutique"),
    ("une factrice", "la factrice", "de la factrice", "factrice", "distribue le courrier à domicile"),
    ("un jardinier", "le jardinier", "du jardinier", "jardinier", "entretient les jardins et leurs plantes"),
    ("une vigneronne", "la vigneronne", "de la vigneronne", "vigneronne", "cultive la vigne et produit du vin"),
    ("une architecte", "l'architecte", "de l'architecte", "architecte", "dessine les plans des bâtiments"),
    ("un astronome", "l'astronome", "de l'astronome", "astronome", "étudie les étoiles et les planètes"),
    (
        "une traductrice",
        "la traductrice",
        "de la traductrice",
        "traductrice",
        "traduit des textes d'une langue dans une autre",
    ),
    ("un tapissier", "le tapissier", "du tapissier", "tapissier", "recouvre de tissu les fauteuils"),
    (
        "une archéologue",
        "l'archéologue",
        "de l'archéologue",
        "archéologue",
        "fouille le sol pour étudier les objets du passé",
    ),
    ("un tonnelier", "le tonnelier", "du tonnelier", "tonnelier", "fabrique des tonneaux en bois"),
    ("un vitrier", "le vitrier", "du vitrier", "vitrier", "pose et remplace des vitres"),
    ("une luthière", "la luthière", "de la luthière", "luthière", "fabrique et répare des violons"),
    ("une pâtissière", "la pâtissière", "de la pâtissière", "pâtissière", "prépare des gâteaux et des tartes"),
    ("un serveur", "le serveur", "du serveur", "serveur", "apporte les plats aux clients d'un restaurant"),
    ("une géologue", "la géologue", "de la géologue", "géologue", "étudie les roches et le sous-sol"),
)


def trades(rng: random.Random) -> list[Conversation]:
    """Ask what a tradesperson does or which trade fits a description."""
    items: list[Item] = []
    for rank, (one, the, of, bare, does) in enumerate(rng.sample(TRADES, COUNT)):
        if rank % 2:
            prompts: tuple[str, ...] = (
                f"Que fait {the} dans son métier ?",
                f"En quoi consiste le travail {of} ?",
                f"Décris en une phrase le métier {of}.",
                f"J'aimerais comprendre le métier {of} : que fait cette personne ?",
                f"Quel est le travail {of} ?",
            )
            answers: tuple[str, ...] = (
                f"{capital(the)} {does}.",
                f"C'est une personne qui {does}.",
                f"Dans son métier, {the} {does}.",
            )
        else:
            prompts = (
                f"Comment appelle-t-on une personne qui {does} ?",
                f"Quel est le métier d'une personne qui {does} ?",
                f"Donne le nom du métier : cette personne {does}.",
                f"Devine le métier de quelqu'un qui {does}.",
                f"Cette personne {does} : quel métier exerce-t-elle ?",
            )
            answers = (f"C'est {one}.", f"Son métier : {bare}.", f"Il s'agit d'{one}.")
        items.append((prompts, answers))
    return converse(rng, items)


MONTHS: tuple[str, ...] = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
LENGTHS: tuple[int, ...] = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS: tuple[str, ...] = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
# Days that the evaluation asks about together with the day after.
ASKED: tuple[int, ...] = (0, 1, 5)

# Event in France « en quelle saison … ? », the same as a statement, the season.
SEASONS: tuple[tuple[str, str, str], ...] = (
    ("les cerfs brament-ils", "les cerfs brament", "en automne"),
    ("les vendanges ont-elles lieu", "les vendanges ont lieu", "en automne"),
    ("ramasse-t-on les châtaignes", "on ramasse les châtaignes", "en automne"),
    ("les hirondelles reviennent-elles d'Afrique", "les hirondelles reviennent d'Afrique", "au printemps"),
    ("les cerisiers fleurissent-ils", "les cerisiers fleurissent", "au printemps"),
    ("cueille-t-on le muguet", "on cueille le muguet", "au printemps"),
    ("fête-t-on Noël", "on fête Noël", "en hiver"),
    ("les jours sont-ils les plus courts", "les jours sont les plus courts", "en hiver"),
    ("skie-t-on dans les Alpes", "on skie dans les Alpes", "en hiver"),
    ("moissonne-t-on le blé", "on moissonne le blé", "en été"),
    ("les grandes vacances tombent-elles", "les grandes vacances tombent", "en été"),
    ("mûrissent les tomates du jardin", "les tomates du jardin mûrissent", "en été"),
)

# Whole of time with « dans », with « un », the parts, how many of them.
SPANS: tuple[tuple[str, str, str, str], ...] = (
    ("dans une minute", "une minute", "secondes", "soixante secondes"),
    ("dans une heure", "une heure", "minutes", "soixante minutes"),
    ("dans une journée complète", "une journée complète", "heures", "vingt-quatre heures"),
    ("dans une demi-journée", "une demi-journée", "heures", "douze heures"),
    ("dans un trimestre", "un trimestre", "mois", "trois mois"),
    ("dans un semestre", "un semestre", "mois", "six mois"),
    ("dans un siècle", "un siècle", "années", "cent années"),
    ("dans une décennie", "une décennie", "années", "dix années"),
    ("dans un millénaire", "un millénaire", "années", "mille années"),
    ("dans une année bissextile", "une année bissextile", "jours", "366 jours"),
    ("dans un quart d'heure", "un quart d'heure", "minutes", "quinze minutes"),
    ("dans une demi-heure", "une demi-heure", "minutes", "trente minutes"),
    ("dans une année ordinaire", "une année ordinaire", "jours", "365 jours"),
)


def calendar(rng: random.Random) -> list[Conversation]:
    """Ask about seasons, months, days and units of time."""
    items: list[Item] = []
    for names, noun, size, left_out in ((MONTHS, "mois", 5, ()), (DAYS, "jour", 4, ASKED)):
        for index in rng.sample([index for index in range(len(names)) if index not in left_out], size):
            before, after = names[index], names[(index + 1) % len(names)]
            forward = rng.random() < 0.5
            name = before if forward else after
            if forward:
                prompts: tuple[str, ...] = (
                    f"Quel {noun} vient juste après {name} ?",
                    f"Après {name}, quel est le {noun} suivant ?",
                    f"Donne-moi le {noun} qui suit {name}.",
                    f"Le {noun} qui suit {name}, c'est lequel ?",
                    f"Quand {name} se termine, quel {noun} commence ?",
                )
                answers: tuple[str, ...] = (
                    f"Après {name} vient {after}.",
                    f"C'est {after}.",
                    f"Le {noun} suivant est {after}.",
                )
            else:
                prompts = (
                    f"Quel {noun} vient juste avant {name} ?",
                    f"Avant {name}, quel est le {noun} précédent ?",
                    f"Donne-moi le {noun} qui précède {name}.",
                    f"Le {noun} qui précède {name}, c'est lequel ?",
                    f"Le calendrier indique {name} : quel {noun} vient de se terminer ?",
                )
                answers = (
                    f"Avant {name} vient {before}.",
                    f"C'est {before}.",
                    f"Le {noun} précédent est {before}.",
                )
            items.append((prompts, answers))
    for index in rng.sample(range(len(MONTHS)), 5):
        name = MONTHS[index]
        days = f"{LENGTHS[index]} jours" if name != "février" else "28 jours, ou 29 les années bissextiles"
        prompts = (
            f"Combien de jours compte le mois de {name} ?",
            f"Quelle est la durée du mois de {name} ?",
            f"Le mois de {name} a combien de jours ?",
            f"Donne le nombre de jours du mois de {name}.",
            f"En {name}, combien de jours y a-t-il ?",
        )
        if name[0] in "ao":
            prompts = tuple(prompt.replace(f"mois de {name}", f"mois d'{name}") for prompt in prompts)
        answers = (f"{capital(name)} compte {days}.", f"On y compte {days}.", f"Ce mois compte {days}.")
        items.append((prompts, answers))
    for asked, stated, season in rng.sample(SEASONS, 7):
        prompts = (
            f"En quelle saison {asked} en France ?",
            f"À quelle saison {asked} en France ?",
            f"Indique la saison où, en France, {stated}.",
            f"Pendant quelle saison {asked} en France ?",
            f"Complète avec une saison : en France, {stated}…",
        )
        answers = (f"En France, {stated} {season}.", f"C'est {season}.", f"{capital(season)}.")
        items.append((prompts, answers))
    for inside, whole, parts, number in rng.sample(SPANS, 6):
        de = "d'" if parts in ("années", "heures") else "de "
        prompts = (
            f"Combien {de}{parts} y a-t-il {inside} ?",
            f"Exprime la durée d'{whole} en {parts}.",
            f"Quel est le nombre {de}{parts} {inside} ?",
            f"{capital(whole)}, cela fait combien {de}{parts} ?",
            f"Si je compte en {parts}, combien dure {whole} ?",
        )
        answers = (f"Il y a {number} {inside}.", f"Cela fait {number}.", f"{capital(whole)} dure {number}.")
        items.append((prompts, answers))
    return converse(rng, items)


# Country, its continent after « se trouve », the continent after « un pays ».
CONTINENTS: tuple[tuple[str, str, str], ...] = (
    ("le Pérou", "en Amérique du Sud", "d'Amérique du Sud"),
    ("le Chili", "en Amérique du Sud", "d'Amérique du Sud"),
    ("la Colombie", "en Amérique du Sud", "d'Amérique du Sud"),
    ("le Canada", "en Amérique du Nord", "d'Amérique du Nord"),
    ("le Ghana", "en Afrique", "d'Afrique"),
    ("le Sénégal", "en Afrique", "d'Afrique"),
    ("le Maroc", "en Afrique", "d'Afrique"),
    ("la Namibie", "en Afrique", "d'Afrique"),
    ("le Népal", "en Asie", "d'Asie"),
    ("l'Inde", "en Asie", "d'Asie"),
    ("la Mongolie", "en Asie", "d'Asie"),
    ("la Thaïlande", "en Asie", "d'Asie"),
    ("la Norvège", "en Europe", "d'Europe"),
    ("la Bulgarie", "en Europe", "d'Europe"),
    ("l'Irlande", "en Europe", "d'Europe"),
    ("la Nouvelle-Zélande", "en Océanie", "d'Océanie"),
)

# City, city after « passe », its river.
RIVERS: tuple[tuple[str, str, str], ...] = (
    ("Bayonne", "à Bayonne", "l'Adour"),
    ("Londres", "à Londres", "la Tamise"),
    ("Rome", "à Rome", "le Tibre"),
    ("Budapest", "à Budapest", "le Danube"),
    ("Turin", "à Turin", "le Pô"),
    ("Avignon", "à Avignon", "le Rhône"),
    ("Orléans", "à Orléans", "la Loire"),
    ("Bordeaux", "à Bordeaux", "la Garonne"),
    ("Cologne", "à Cologne", "le Rhin"),
    ("Varsovie", "à Varsovie", "la Vistule"),
    ("Séville", "à Séville", "le Guadalquivir"),
    ("Florence", "à Florence", "l'Arno"),
    ("Saragosse", "à Saragosse", "l'Èbre"),
    ("Dresde", "à Dresde", "l'Elbe"),
)

# Place where a language is spoken, the language.
LANGUAGES: tuple[tuple[str, str], ...] = (
    ("en Roumanie", "le roumain"),
    ("au Mexique", "l'espagnol"),
    ("au Japon", "le japonais"),
    ("en Italie", "l'italien"),
    ("en Grèce", "le grec"),
    ("en Pologne", "le polonais"),
    ("en Suède", "le suédois"),
    ("en Hongrie", "le hongrois"),
    ("au Danemark", "le danois"),
    ("en Autriche", "l'allemand"),
    ("en Argentine", "l'espagnol"),
    ("en Corée du Sud", "le coréen"),
    ("en Islande", "l'islandais"),
    ("en Égypte", "l'arabe"),
    ("en Australie", "l'anglais"),
)

# River, river with « de », where it ends.
MOUTHS: tuple[tuple[str, str, str], ...] = (
    ("la Seine", "de la Seine", "la Manche"),
    ("le Rhône", "du Rhône", "la mer Méditerranée"),
    ("la Loire", "de la Loire", "l'océan Atlantique"),
    ("le Danube", "du Danube", "la mer Noire"),
    ("la Volga", "de la Volga", "la mer Caspienne"),
    ("le Nil", "du Nil", "la mer Méditerranée"),
    ("l'Amazone", "de l'Amazone", "l'océan Atlantique"),
    ("le Rhin", "du Rhin", "la mer du Nord"),
    ("la Vistule", "de la Vistule", "la mer Baltique"),
    ("le Pô", "du Pô", "la mer Adriatique"),
    ("le Congo", "du Congo", "l'océan Atlantique"),
)


def countries(rng: random.Random) -> list[Conversation]:
    """Ask about countries, continents, rivers and languages."""
    items: list[Item] = []
    for country, where, of in rng.sample(CONTINENTS, 7):
        prompts: tuple[str, ...] = (
            f"Sur quel continent se trouve {country} ?",
            f"{capital(country)} : sur quel continent est ce pays ?",
            f"Dans quelle partie du monde se situe {country} ?",
            f"Indique le continent où se trouve {country}.",
            f"Peux-tu situer {country} sur un continent ?",
        )
        answers: tuple[str, ...] = (
            f"{capital(country)} se trouve {where}.",
            f"C'est un pays {of}.",
            f"Ce pays est {where}.",
        )
        items.append((prompts, answers))
    for city, at, river in rng.sample(RIVERS, 7):
        prompts = (
            f"Quel est le fleuve qui arrose {city} ?",
            f"Comment s'appelle le fleuve qui passe {at} ?",
            f"Un fleuve coule {at} : lequel ?",
            f"Donne le nom du fleuve qui traverse {city}.",
            f"Je visite {city}. Quel fleuve vais-je y voir ?",
        )
        answers = (
            f"{capital(river)} passe {at}.",
            f"C'est {river}.",
            f"Le fleuve qui coule {at} est {river}.",
        )
        items.append((prompts, answers))
    for where, language in rng.sample(LANGUAGES, 7):
        prompts = (
            f"Quelle langue parle-t-on surtout {where} ?",
            f"Je pars {where} : quelle est la langue du pays ?",
            f"Nomme la langue la plus parlée {where}.",
            f"Dans quelle langue les gens discutent-ils surtout {where} ?",
            f"La langue principale {where}, c'est laquelle ?",
        )
        answers = (
            f"{capital(where)}, on parle surtout {language}.",
            f"C'est {language}.",
            f"On y parle surtout {language}.",
        )
        items.append((prompts, answers))
    for river, of, sea in rng.sample(MOUTHS, 6):
        prompts = (
            f"Dans quelle mer ou quel océan se jette {river} ?",
            f"Où finissent par arriver les eaux {of} ?",
            f"Vers quelle mer ou quel océan coule {river} ?",
            f"Nomme la mer ou l'océan où se jette {river}.",
            f"Je voudrais savoir où se jette {river}.",
        )
        answers = (
            f"{capital(river)} se jette dans {sea}.",
            f"Ce fleuve se jette dans {sea}.",
            f"Ses eaux arrivent dans {sea}.",
        )
        items.append((prompts, answers))
    return converse(rng, items)


FAMILIES = (animals, objects, trades, calendar, countries)
