"""Seeded generators of short French conversations about grammar and spelling."""

import random
from collections.abc import Sequence

from families.common import Conversation, capital, turn

Choice = tuple[tuple[str, ...], tuple[str, ...]]
Item = tuple[Choice, ...]

COUNT = 27


def converse(rng: random.Random, items: Sequence[Item]) -> list[Conversation]:
    """Turn items (choices of prompts with their answers) into conversations, varying the openings."""
    conversations: list[Conversation] = []
    opening = ""
    for item in rng.sample(items, COUNT):
        pairs = [(prompt, answers) for prompts, answers in item for prompt in prompts]
        fresh = [pair for pair in pairs if pair[0].split()[0] != opening]
        prompt, answers = rng.choice(fresh or pairs)
        opening = prompt.split()[0]
        conversations.append(turn(prompt, rng.choice(answers)))
    return conversations


# Infinitive, tense, subject, form with its subject, sentence, rule.
CONJUGATIONS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "finir",
        "à l'imparfait",
        "nous",
        "nous finissions",
        "Nous finissions nos devoirs avant le dîner.",
        "le radical garde « -iss- » devant la terminaison « -ions »",
    ),
    (
        "aller",
        "au futur simple",
        "ils",
        "ils iront",
        "Ils iront chercher le pain demain matin.",
        "le radical de ce verbe devient « ir- » au futur",
    ),
    (
        "prendre",
        "au présent",
        "ils",
        "ils prennent",
        "Ils prennent le bus au coin de la rue.",
        "la troisième personne du pluriel double le « n »",
    ),
    (
        "faire",
        "au présent",
        "vous",
        "vous faites",
        "Vous faites un beau gâteau pour la fête.",
        "cette forme irrégulière se termine par « -tes »",
    ),
    (
        "venir",
        "au passé composé",
        "elle",
        "elle est venue",
        "Elle est venue à pied ce matin.",
        "l'auxiliaire est « être » et le participe s'accorde avec le sujet",
    ),
    (
        "manger",
        "au présent",
        "nous",
        "nous mangeons",
        "Nous mangeons une soupe de légumes ce soir.",
        "on garde un « e » pour que le « g » reste doux",
    ),
    (
        "commencer",
        "à l'imparfait",
        "tu",
        "tu commençais",
        "Tu commençais tes journées par une promenade.",
        "le « c » prend une cédille devant « a »",
    ),
    (
        "voir",
        "au futur simple",
        "nous",
        "nous verrons",
        "Nous verrons la mer depuis la colline.",
        "le futur de ce verbe s'écrit avec deux « r »",
    ),
    (
        "pouvoir",
        "au conditionnel présent",
        "tu",
        "tu pourrais",
        "Tu pourrais fermer la fenêtre en sortant.",
        "on ajoute « -ais » au radical « pourr- »",
    ),
    (
        "être",
        "à l'imparfait",
        "elles",
        "elles étaient",
        "Elles étaient assises au fond de la salle.",
        "le radical est « ét- » à toutes les personnes de ce temps",
    ),
    (
        "avoir",
        "au subjonctif présent",
        "il",
        "qu'il ait",
        "Il faut qu'il ait ses bottes pour sortir.",
        "la forme « ait » se termine par un « t »",
    ),
    (
        "savoir",
        "au subjonctif présent",
        "vous",
        "que vous sachiez",
        "Il faut que vous sachiez nager avant l'été.",
        "le radical du subjonctif est « sach- »",
    ),
    (
        "vouloir",
        "au présent",
        "je",
        "je veux",
        "Je veux un chocolat chaud sans sucre.",
        "ce verbe prend « -x » aux deux premières personnes du singulier",
    ),
    (
        "dire",
        "au présent",
        "vous",
        "vous dites",
        "Vous dites toujours bonjour aux voisins.",
        "la terminaison est « -tes » et non « -ez »",
    ),
    (
        "écrire",
        "au passé composé",
        "je",
        "j'ai écrit",
        "J'ai écrit une carte à ma tante.",
        "le participe passé se termine par un « t » muet",
    ),
    (
        "partir",
        "au plus-que-parfait",
        "ils",
        "ils étaient partis",
        "Ils étaient partis avant le lever du soleil.",
        "l'auxiliaire « être » se met à l'imparfait et le participe s'accorde",
    ),
    (
        "appeler",
        "au présent",
        "elle",
        "elle appelle",
        "Elle appelle son chat dans le jardin.",
        "le « l » double devant un « e » muet",
    ),
    (
        "acheter",
        "au futur simple",
        "vous",
        "vous achèterez",
        "Vous achèterez des cerises au marché.",
        "le « e » du radical prend un accent grave au futur",
    ),
    (
        "choisir",
        "au passé simple",
        "il",
        "il choisit",
        "Il choisit le chemin de la forêt.",
        "les verbes du deuxième groupe prennent « -it » à cette personne",
    ),
    (
        "courir",
        "au futur simple",
        "tu",
        "tu courras",
        "Tu courras moins vite dans la montée.",
        "le second « r » marque le futur",
    ),
    (
        "mettre",
        "au présent",
        "tu",
        "tu mets",
        "Tu mets la table pour le déjeuner.",
        "on n'écrit qu'un seul « t » aux personnes du singulier",
    ),
    (
        "envoyer",
        "au futur simple",
        "vous",
        "vous enverrez",
        "Vous enverrez un colis à vos cousins.",
        "le radical irrégulier du futur est « enverr- »",
    ),
    (
        "recevoir",
        "au présent",
        "ils",
        "ils reçoivent",
        "Ils reçoivent des amis pour le goûter.",
        "le « c » prend une cédille devant « o »",
    ),
    (
        "boire",
        "au présent",
        "nous",
        "nous buvons",
        "Nous buvons de l'eau fraîche à la source.",
        "le radical devient « buv- » avec « nous » et « vous »",
    ),
    (
        "jouer",
        "à l'imparfait",
        "elles",
        "elles jouaient",
        "Elles jouaient aux cartes pendant la pluie.",
        "on ajoute « -aient » au radical « jou- »",
    ),
    (
        "devoir",
        "au conditionnel présent",
        "nous",
        "nous devrions",
        "Nous devrions arroser les tomates ce soir.",
        "on ajoute « -ions » au radical « devr- »",
    ),
    (
        "tenir",
        "au présent",
        "il",
        "il tient",
        "Il tient la main de sa petite sœur.",
        "le radical devient « tien- » au singulier",
    ),
    (
        "vendre",
        "au présent",
        "elle",
        "elle vend",
        "Elle vend des paniers en osier.",
        "le « d » du radical suffit et on n'ajoute pas de « t »",
    ),
    (
        "lire",
        "à l'imparfait",
        "nous",
        "nous lisions",
        "Nous lisions un conte avant de dormir.",
        "on ajoute « -ions » au radical « lis- »",
    ),
    (
        "être",
        "au futur simple",
        "tu",
        "tu seras",
        "Tu seras à l'heure pour le train.",
        "le radical du futur est « ser- », suivi de « -as »",
    ),
    (
        "faire",
        "au subjonctif présent",
        "tu",
        "que tu fasses",
        "Il faut que tu fasses ton lit.",
        "le radical du subjonctif est « fass- »",
    ),
    (
        "naître",
        "au passé simple",
        "elle",
        "elle naquit",
        "Elle naquit dans un village de montagne.",
        "le radical de ce verbe devient « naqu- » au passé simple",
    ),
    (
        "ouvrir",
        "au présent",
        "tu",
        "tu ouvres",
        "Tu ouvres les volets dès le réveil.",
        "ce verbe prend au présent les terminaisons des verbes en « -er »",
    ),
    (
        "peindre",
        "au présent",
        "nous",
        "nous peignons",
        "Nous peignons la barrière en bleu.",
        "le radical s'écrit avec « gn » au pluriel",
    ),
)


def conjugations(rng: random.Random) -> list[Conversation]:
    """Ask for the form of a verb at one tense and one person."""
    items: list[Item] = []
    for verb, tense, subject, form, sentence, rule in CONJUGATIONS:
        brief = (
            (
                f"Conjugue « {verb} » {tense} avec « {subject} », sans faire de phrase.",
                f"Quelle forme prend « {verb} » {tense} avec « {subject} » ? La forme seule suffit.",
            ),
            (form, f"« {form} »"),
        )
        example = (
            (
                f"Emploie « {verb} » {tense} dans une phrase qui contient le sujet « {subject} ».",
                f"Invente une courte phrase avec « {verb} » {tense} et le sujet « {subject} ».",
            ),
            (sentence, f"Par exemple : « {sentence} »"),
        )
        reason = (
            (
                f"Avec « {subject} », comment écrit-on le verbe « {verb} » {tense}, et pourquoi ?",
                f"J'hésite sur le verbe « {verb} » {tense} avec « {subject} » : aide-moi.",
                f"Peux-tu m'expliquer la forme du verbe « {verb} » {tense} avec « {subject} » ?",
            ),
            (
                f"On écrit « {form} », car {rule}.",
                f"C'est « {form} » : {rule}.",
                f"« {sentence} » {capital(rule)}.",
                f"{capital(rule)} : on écrit donc « {form} ».",
            ),
        )
        items.append((brief, example, reason))
    return converse(rng, items)


# Sentence to complete, infinitive, tense, subject and verb, form, reason.
GAPS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "Demain, nous … à la piscine en bus.",
        "aller",
        "au futur",
        "nous irons",
        "irons",
        "le futur se termine par « -ons » avec « nous »",
    ),
    (
        "Les hirondelles … leur nid sous le toit.",
        "construire",
        "au présent",
        "les hirondelles construisent",
        "construisent",
        "le sujet pluriel demande la terminaison « -ent »",
    ),
    (
        "Mon frère et moi … le même instrument.",
        "apprendre",
        "au présent",
        "mon frère et moi apprenons",
        "apprenons",
        "le sujet équivaut à « nous »",
    ),
    (
        "Ton cousin et toi … un excellent duo.",
        "former",
        "au présent",
        "ton cousin et toi formez",
        "formez",
        "le sujet équivaut à « vous »",
    ),
    (
        "Chaque matin, le facteur … notre rue à vélo.",
        "traverser",
        "à l'imparfait",
        "le facteur traversait",
        "traversait",
        "la terminaison de l'imparfait est « -ait » avec un sujet singulier",
    ),
    (
        "Si j'avais une tente, je … près du lac.",
        "dormir",
        "au conditionnel",
        "je dormirais",
        "dormirais",
        "on emploie le conditionnel quand « si » est suivi de l'imparfait",
    ),
    (
        "Si tu viens tôt, tu … le lever du soleil.",
        "voir",
        "au futur",
        "tu verras",
        "verras",
        "la terminaison du futur est « -as » avec « tu »",
    ),
    (
        "Il faut que tu … ta chambre ce soir.",
        "ranger",
        "au subjonctif",
        "tu ranges",
        "ranges",
        "le subjonctif se termine par « -es » avec « tu »",
    ),
    (
        "Je veux que vous … la vérité.",
        "dire",
        "au subjonctif",
        "vous disiez",
        "disiez",
        "l'expression « je veux que » entraîne le subjonctif",
    ),
    (
        "Personne ne … la réponse à cette énigme.",
        "connaître",
        "au présent",
        "personne ne connaît",
        "connaît",
        "le sujet « personne » demande le singulier",
    ),
    (
        "Tout le monde … la fin du spectacle.",
        "attendre",
        "au présent",
        "tout le monde attend",
        "attend",
        "le sujet « tout le monde » demande le singulier",
    ),
    (
        "Ce sont elles qui … la chorale.",
        "diriger",
        "au présent",
        "qui dirigent",
        "dirigent",
        "le pronom « qui » remplace « elles », un sujet pluriel",
    ),
    (
        "C'est toi qui … les clés du garage.",
        "avoir",
        "au présent",
        "qui as",
        "as",
        "le pronom « qui » reprend « toi » et demande la deuxième personne",
    ),
    (
        "Au fond du jardin … de vieux pommiers.",
        "pousser",
        "au présent",
        "de vieux pommiers poussent",
        "poussent",
        "le sujet pluriel « de vieux pommiers » est placé après le verbe",
    ),
    (
        "La plupart des élèves … à pied.",
        "venir",
        "au présent",
        "la plupart des élèves viennent",
        "viennent",
        "le verbe se met au pluriel après « la plupart des »",
    ),
    (
        "Le chien et le chat … sur le même coussin.",
        "dormir",
        "au présent",
        "le chien et le chat dorment",
        "dorment",
        "plusieurs sujets réunis par « et » demandent le pluriel",
    ),
    (
        "Hier, nous … une cabane dans les bois.",
        "bâtir",
        "au passé composé",
        "nous avons bâti",
        "avons bâti",
        "l'auxiliaire « avoir » s'accorde avec « nous » et le participe ne change pas",
    ),
    (
        "Ce matin, Julie … la première à l'école.",
        "arriver",
        "au passé composé",
        "Julie est arrivée",
        "est arrivée",
        "le participe employé avec « être » s'accorde avec le sujet féminin",
    ),
    (
        "Autrefois, je … souvent des coquillages.",
        "ramasser",
        "à l'imparfait",
        "je ramassais",
        "ramassais",
        "l'imparfait se termine par « -ais » avec « je »",
    ),
    (
        "Vous … toujours plus vite que moi.",
        "courir",
        "au présent",
        "vous courez",
        "courez",
        "la terminaison du présent est « -ez » avec « vous »",
    ),
    (
        "Nous … nos chaussures avant d'entrer.",
        "essuyer",
        "au présent",
        "nous essuyons",
        "essuyons",
        "le « y » se maintient devant « -ons »",
    ),
    (
        "Elle … la vitre avec un chiffon.",
        "nettoyer",
        "au présent",
        "elle nettoie",
        "nettoie",
        "le « y » devient « i » devant un « e » muet",
    ),
    (
        "Nous … la barque vers le port.",
        "diriger",
        "au présent",
        "nous dirigeons",
        "dirigeons",
        "il faut un « e » entre le « g » et le « o »",
    ),
    (
        "Dans une heure, les invités … à la porte.",
        "sonner",
        "au futur",
        "les invités sonneront",
        "sonneront",
        "la terminaison du futur est « -ont » avec un sujet pluriel",
    ),
    (
        "La nuit prochaine, il … sur les sommets.",
        "neiger",
        "au futur",
        "il neigera",
        "neigera",
        "ce verbe impersonnel prend « -a » au futur",
    ),
    (
        "Soudain, le vent … la porte de la grange.",
        "ouvrir",
        "au passé simple",
        "le vent ouvrit",
        "ouvrit",
        "ce verbe prend « -it » au passé simple, comme « finir »",
    ),
    (
        "Les marins … la terre au loin.",
        "apercevoir",
        "au passé simple",
        "les marins aperçurent",
        "aperçurent",
        "le « c » prend une cédille devant « u »",
    ),
    (
        "Jadis, mes grands-parents … leur pain.",
        "pétrir",
        "à l'imparfait",
        "mes grands-parents pétrissaient",
        "pétrissaient",
        "ce verbe du deuxième groupe garde « -iss- » à l'imparfait",
    ),
    (
        "En été, les jours … plus longs qu'en hiver.",
        "être",
        "au présent",
        "les jours sont",
        "sont",
        "le sujet « les jours » est au pluriel",
    ),
    (
        "Tu … tes gants sur le radiateur.",
        "mettre",
        "au passé composé",
        "tu as mis",
        "as mis",
        "le participe passé de ce verbe est « mis »",
    ),
    (
        "Pourvu que les trains … à l'heure !",
        "être",
        "au subjonctif",
        "les trains soient",
        "soient",
        "la locution « pourvu que » entraîne le subjonctif",
    ),
)


def verb_gaps(rng: random.Random) -> list[Conversation]:
    """Ask for the verb form that completes a sentence."""
    items: list[Item] = []
    for gap, verb, tense, short, form, why in GAPS:
        full = gap.replace("…", form)
        brief = (
            (
                f"Écris seulement le sujet avec le verbe « {verb} » {tense} : « {gap} »",
                f"« {gap} » Mets le verbe « {verb} » {tense} et note juste le sujet et le verbe.",
            ),
            (short, f"« {short} »"),
        )
        whole = (
            (
                f"Complète la phrase avec « {verb} » {tense} : « {gap} »",
                f"Recopie en ajoutant le verbe « {verb} » {tense} : « {gap} »",
                f"Il manque le verbe « {verb} » {tense} dans cette phrase : « {gap} »",
            ),
            (full, f"La phrase complète est : « {full} »"),
        )
        reason = (
            (
                f"Quelle forme du verbe « {verb} » {tense} va ici, et pourquoi ? « {gap} »",
                f"Trouve la forme du verbe « {verb} » {tense} et justifie-la : « {gap} »",
                f"Comment écrire le verbe « {verb} » {tense} dans cette phrase ? Explique. « {gap} »",
            ),
            (
                f"Il faut « {form} », car {why}.",
                f"La bonne forme est « {form} » : {why}.",
                f"« {full} » {capital(why)}.",
            ),
        )
        items.append((brief, whole, reason))
    return converse(rng, items)


# Singular, plural, rule.
PLURALS: tuple[tuple[str, str, str], ...] = (
    ("un cheval blanc", "des chevaux blancs", "le nom en « -al » fait son pluriel en « -aux »"),
    ("un journal local", "des journaux locaux", "le nom et l'adjectif en « -al » passent à « -aux »"),
    ("un bal masqué", "des bals masqués", "le mot « bal » est une exception et prend un simple « s »"),
    ("un festival d'été", "des festivals d'été", "le mot « festival » est une exception et prend un « s »"),
    ("un carnaval coloré", "des carnavals colorés", "ce mot est une exception à la règle des noms en « -al »"),
    ("un chacal affamé", "des chacals affamés", "le mot « chacal » prend un « s » et ne finit pas en « -aux »"),
    ("un animal sauvage", "des animaux sauvages", "la finale « -al » devient « -aux » et l'adjectif prend « s »"),
    ("un hôpital moderne", "des hôpitaux modernes", "la finale « -al » de ce nom devient « -aux »"),
    ("un bijou précieux", "des bijoux précieux", "le nom « bijou » est l'un de ceux en « -ou » qui prennent « x »"),
    ("un caillou rond", "des cailloux ronds", "le nom « caillou » prend « x » au pluriel"),
    ("un chou vert", "des choux verts", "le nom « chou » fait partie des noms en « -ou » qui prennent « x »"),
    ("mon genou écorché", "mes genoux écorchés", "le nom « genou » prend « x » au pluriel"),
    ("un hibou gris", "des hiboux gris", "le nom prend « x » et l'adjectif « gris » ne change pas"),
    ("un clou rouillé", "des clous rouillés", "la plupart des noms en « -ou » prennent un « s »"),
    ("un trou profond", "des trous profonds", "le nom « trou » suit la règle générale et prend « s »"),
    ("un kangourou brun", "des kangourous bruns", "le nom « kangourou » prend un « s » au pluriel"),
    ("un gâteau sec", "des gâteaux secs", "les noms en « -eau » prennent un « x »"),
    ("un nouveau bateau", "de nouveaux bateaux", "les mots en « -eau » prennent « x » et « des » devient ici « de »"),
    ("le drapeau bleu", "les drapeaux bleus", "le nom en « -eau » prend « x », mais « bleu » prend « s »"),
    ("un pneu usé", "des pneus usés", "le mot « pneu » prend « s » et non « x »"),
    ("un cheveu noir", "des cheveux noirs", "les noms en « -eu » prennent le plus souvent « x »"),
    ("un jeu vidéo", "des jeux vidéo", "le nom « jeu » prend « x » et « vidéo » reste invariable"),
    (
        "un travail délicat",
        "des travaux délicats",
        "le mot « travail » est l'un des noms en « -ail » qui font « -aux »",
    ),
    ("un vitrail ancien", "des vitraux anciens", "le mot « vitrail » change sa finale en « -aux »"),
    ("un portail en bois", "des portails en bois", "la plupart des noms en « -ail » prennent un simple « s »"),
    ("un éventail chinois", "des éventails chinois", "le nom prend « s » et l'adjectif se termine déjà par « s »"),
    ("un œil bleu", "des yeux bleus", "le pluriel de ce nom est irrégulier"),
    ("une noix fraîche", "des noix fraîches", "le nom terminé par « x » ne change pas et l'adjectif prend « s »"),
    ("un nez rouge", "des nez rouges", "un nom terminé par « z » reste le même au pluriel"),
    ("un tapis épais", "des tapis épais", "le nom et l'adjectif se terminent déjà par « s »"),
    ("cette souris grise", "ces souris grises", "le nom terminé par « s » ne change pas, mais l'adjectif prend « s »"),
    ("un chou-fleur", "des choux-fleurs", "les deux noms du mot composé prennent la marque du pluriel"),
    ("un arc-en-ciel", "des arcs-en-ciel", "seul le nom « arc » prend la marque du pluriel"),
    ("un monsieur aimable", "des messieurs aimables", "le mot « monsieur » a un pluriel irrégulier"),
)


def plural_nouns(rng: random.Random) -> list[Conversation]:
    """Ask for the plural of a noun group, regular or not."""
    items: list[Item] = []
    for singular, plural, rule in PLURALS:
        brief = (
            (
                f"Mets au pluriel le groupe « {singular} », sans phrase.",
                f"« {singular} » : écris seulement ce que cela donne au pluriel.",
                f"Transforme au pluriel, sans rien ajouter : « {singular} ».",
            ),
            (plural, f"« {plural} »"),
        )
        sentence = (
            (
                f"Comment dit-on « {singular} » quand il y en a plusieurs ?",
                f"Quel est le pluriel correct de l'expression « {singular} » ?",
            ),
            (
                f"On dit « {plural} ».",
                f"Au pluriel, cela donne « {plural} ».",
                f"Le pluriel est « {plural} » : {rule}.",
            ),
        )
        reason = (
            (
                f"Donne le pluriel du groupe « {singular} » et rappelle la règle d'orthographe.",
                f"J'ai un doute sur le pluriel du groupe « {singular} » : explique-le-moi.",
                f"Pourrais-tu écrire « {singular} » au pluriel et justifier l'orthographe ?",
            ),
            (
                f"On écrit « {plural} », car {rule}.",
                f"« {capital(plural)} » : {rule}.",
                f"{capital(rule)}. On écrit donc « {plural} ».",
            ),
        )
        items.append((brief, sentence, reason))
    return converse(rng, items)


# Masculine noun, feminine noun, rule.
FEMALES: tuple[tuple[str, str, str], ...] = (
    ("un acteur", "une actrice", "la finale « -teur » devient « -trice »"),
    ("un chanteur", "une chanteuse", "la finale « -eur » devient « -euse »"),
    ("un boulanger", "une boulangère", "la finale « -er » devient « -ère »"),
    ("un musicien", "une musicienne", "la finale « -ien » devient « -ienne »"),
    ("un champion", "une championne", "le « n » double devant le « e » final"),
    ("un voisin", "une voisine", "on ajoute un simple « e »"),
    ("un prince", "une princesse", "la finale « -e » devient « -esse »"),
    ("un sportif", "une sportive", "la finale « -f » devient « -ve »"),
    ("un époux", "une épouse", "la finale « -x » devient « -se »"),
    ("un jumeau", "une jumelle", "la finale « -eau » devient « -elle »"),
    ("un loup", "une louve", "le « p » final est remplacé par « -ve »"),
    ("un coq", "une poule", "le féminin est un mot tout à fait différent"),
    ("un cerf", "une biche", "la femelle porte un autre nom"),
    ("un neveu", "une nièce", "le féminin de ce nom est irrégulier"),
    ("un paysan", "une paysanne", "le « n » double au féminin de ce nom"),
    ("un élève", "une élève", "seul l'article change, le nom reste le même"),
    ("un héros", "une héroïne", "la finale « -os » devient « -oïne »"),
    ("un compagnon", "une compagne", "la finale « -on » devient « -e »"),
)

# Masculine adjective, feminine adjective, feminine group, rule.
FEMININES: tuple[tuple[str, str, str, str], ...] = (
    ("doux", "douce", "une voix douce", "ce mot change son « x » en « -ce »"),
    ("roux", "rousse", "une barbe rousse", "ce mot change son « x » en « -sse »"),
    ("heureux", "heureuse", "une famille heureuse", "la finale « -eux » devient « -euse »"),
    ("vieux", "vieille", "une vieille maison", "le féminin de cet adjectif est irrégulier"),
    ("blanc", "blanche", "une chemise blanche", "le « c » final devient « -che »"),
    ("sec", "sèche", "une serviette sèche", "le « c » devient « -che » et le « e » prend un accent grave"),
    ("public", "publique", "une place publique", "le « c » final devient « -que »"),
    ("grec", "grecque", "une île grecque", "on garde le « c » devant « -que »"),
    ("long", "longue", "une longue route", "un « u » garde au « g » sa prononciation dure"),
    ("neuf", "neuve", "une voiture neuve", "le « f » final devient « -ve »"),
    ("gentil", "gentille", "une gentille voisine", "le « l » double devant le « e »"),
    ("gros", "grosse", "une grosse pierre", "le « s » double devant le « e »"),
    ("léger", "légère", "une valise légère", "la finale « -er » prend un accent grave et un « e »"),
    ("complet", "complète", "une liste complète", "la finale « -et » devient ici « -ète »"),
    ("muet", "muette", "une scène muette", "le « t » double devant le « e »"),
    ("fou", "folle", "une course folle", "la finale « -ou » devient « -olle »"),
    ("nouveau", "nouvelle", "une nouvelle amie", "la finale « -eau » devient « -elle »"),
    ("favori", "favorite", "une chanson favorite", "ce mot ajoute « -te » au féminin"),
    ("frais", "fraîche", "une eau fraîche", "le « s » devient « -che » et le « i » prend un accent circonflexe"),
    ("aigu", "aiguë", "une pointe aiguë", "le « e » porte un tréma pour faire entendre le « u »"),
    ("rêveur", "rêveuse", "une enfant rêveuse", "la finale « -eur » devient « -euse »"),
    ("européen", "européenne", "une ville européenne", "le « n » double devant le « e »"),
)


def feminines(rng: random.Random) -> list[Conversation]:
    """Ask for the feminine of a noun or of an adjective."""
    items: list[Item] = []
    for male, female, rule in rng.sample(FEMALES, 13):
        brief = (
            (
                f"Mets « {male} » au féminin, sans faire de phrase.",
                f"« {male} » : quel est le féminin ? Écris juste l'article et le nom.",
            ),
            (female, f"« {female} »"),
        )
        reason = (
            (
                f"Quel nom féminin correspond à « {male} » ? Ajoute la règle.",
                f"Comment forme-t-on le féminin du groupe « {male} » ?",
                f"Dis-moi le féminin du groupe « {male} » avec une courte explication.",
            ),
            (
                f"Le féminin est « {female} » : {rule}.",
                f"On dit « {female} », car {rule}.",
                f"{capital(rule)} : « {male} », « {female} ».",
            ),
        )
        items.append((brief, reason))
    for male, female, group, rule in rng.sample(FEMININES, COUNT - 13):
        brief = (
            (
                f"Emploie l'adjectif « {male} » au féminin avec un nom, sans phrase.",
                f"Trouve un nom féminin à qualifier avec « {male} » et accorde l'adjectif.",
            ),
            (group, f"« {group} »"),
        )
        reason = (
            (
                f"Comment écrit-on l'adjectif « {male} » au féminin ?",
                f"J'écris souvent mal le féminin de l'adjectif « {male} » : aide-moi.",
                f"Quelle est la forme féminine de l'adjectif « {male} » ? Donne un exemple.",
            ),
            (
                f"Au féminin, on écrit « {female} » : {group}.",
                f"L'adjectif « {male} » donne « {female} », car {rule} ; par exemple, « {group} ».",
                f"On écrit « {female} », comme dans « {group} » : {rule}.",
            ),
        )
        items.append((brief, reason))
    return converse(rng, items)


# Sentence to complete, words to choose from, right word, its nature, reason.
HOMOPHONES: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "Lucie … un nouveau cartable.",
        "« a » ou « à »",
        "a",
        "verbe",
        "on peut dire « avait » à la place",
    ),
    (
        "Nous partons … la montagne en train.",
        "« a » ou « à »",
        "à",
        "préposition",
        "on ne peut pas dire « avait » à la place",
    ),
    (
        "Le renard … la poule courent dans le pré.",
        "« et » ou « est »",
        "et",
        "conjonction",
        "ce mot relie deux noms, comme « et puis »",
    ),
    (
        "Le ciel … gris depuis ce matin.",
        "« et » ou « est »",
        "est",
        "verbe",
        "on peut dire « était » à la place",
    ),
    (
        "Les voisins … repeint leur portail.",
        "« on » ou « ont »",
        "ont",
        "verbe",
        "on peut dire « avaient » à la place",
    ),
    (
        "Le soir, … entend les grillons.",
        "« on » ou « ont »",
        "on",
        "pronom",
        "on peut dire « il » à la place",
    ),
    (
        "Hugo a perdu … écharpe.",
        "« son » ou « sont »",
        "son",
        "déterminant",
        "on peut dire « mon écharpe »",
    ),
    (
        "Les poires … mûres.",
        "« son » ou « sont »",
        "sont",
        "verbe",
        "on peut dire « étaient » à la place",
    ),
    (
        "Regarde … nuages, là-bas !",
        "« ces » ou « ses »",
        "ces",
        "déterminant démonstratif",
        "on montre quelque chose, comme dans « ces nuages-là »",
    ),
    (
        "Emma range … propres affaires.",
        "« ces » ou « ses »",
        "ses",
        "déterminant possessif",
        "les affaires appartiennent à Emma",
    ),
    (
        "… une belle journée.",
        "« c'est » ou « s'est »",
        "c'est",
        "pronom et verbe",
        "on peut dire « cela est » à la place",
    ),
    (
        "Paul … levé très tôt.",
        "« c'est » ou « s'est »",
        "s'est",
        "pronom et auxiliaire",
        "le verbe est « se lever », comme dans « je me suis levé »",
    ),
    (
        "… gâteau sent bon la vanille.",
        "« ce » ou « se »",
        "ce",
        "déterminant",
        "ce mot montre un objet, comme dans « ce gâteau-là »",
    ),
    (
        "Le chat … cache sous le lit.",
        "« ce » ou « se »",
        "se",
        "pronom",
        "le verbe est « se cacher », comme dans « je me cache »",
    ),
    (
        "Préfères-tu la pomme … la pêche ?",
        "« ou » ou « où »",
        "ou",
        "conjonction",
        "on peut dire « ou bien » à la place",
    ),
    (
        "Voici le village … je suis né.",
        "« ou » ou « où »",
        "où",
        "pronom relatif",
        "ce mot indique un lieu",
    ),
    (
        "Les enfants enfilent … bottes.",
        "« leur » ou « leurs »",
        "leurs",
        "déterminant",
        "le nom « bottes » est au pluriel",
    ),
    (
        "Je … ai raconté une histoire drôle.",
        "« leur » ou « leurs »",
        "leur",
        "pronom",
        "ce mot placé devant le verbe signifie « à eux » et reste invariable",
    ),
    (
        "… sœur joue du violon.",
        "« ma » ou « m'a »",
        "ma",
        "déterminant",
        "on peut dire « ta sœur »",
    ),
    (
        "Elle … prêté son parapluie.",
        "« ma » ou « m'a »",
        "m'a",
        "pronom et auxiliaire",
        "on peut dire « m'avait » à la place",
    ),
    (
        "Je n'ai … faim ni soif.",
        "« ni » ou « n'y »",
        "ni",
        "conjonction",
        "ce mot relie deux éléments niés",
    ),
    (
        "Dans cette cave, je … vois rien.",
        "« ni » ou « n'y »",
        "n'y",
        "négation et pronom",
        "ce mot réunit « ne » et « y », qui remplace le lieu",
    ),
    (
        "Il … a pas de nuages ce matin.",
        "« ni » ou « n'y »",
        "n'y",
        "négation et pronom",
        "on reconnaît la forme négative de « il y a »",
    ),
    (
        "… ton verre est vide, remplis-le.",
        "« si » ou « s'y »",
        "si",
        "conjonction",
        "ce mot introduit une condition",
    ),
    (
        "… il pleut, nous restons à la maison.",
        "« quand » ou « quant »",
        "quand",
        "conjonction",
        "ce mot signifie ici « lorsque »",
    ),
    (
        "… à moi, je préfère le thé.",
        "« quand » ou « quant »",
        "quant",
        "élément de la locution « quant à »",
        "l'expression « quant à » signifie « en ce qui concerne »",
    ),
    (
        "Prends … le chemin de gauche.",
        "« plus tôt » ou « plutôt »",
        "plutôt",
        "adverbe",
        "ce mot signifie ici « de préférence »",
    ),
    (
        "Demain, le bus partira … que d'habitude.",
        "« plus tôt » ou « plutôt »",
        "plus tôt",
        "deux adverbes",
        "c'est le contraire de « plus tard »",
    ),
    (
        "… ne veut-il pas venir ?",
        "« pourquoi » ou « pour quoi »",
        "pourquoi",
        "adverbe interrogatif",
        "la question porte sur la cause",
    ),
    (
        "L'eau de la … est salée.",
        "« mer », « mère » ou « maire »",
        "mer",
        "nom féminin",
        "il s'agit de l'étendue d'eau, et non d'une personne",
    ),
    (
        "Le chien court … la rivière.",
        "« vers », « vert » ou « verre »",
        "vers",
        "préposition",
        "ce mot indique une direction",
    ),
    (
        "Elle boit un … d'eau fraîche.",
        "« vers », « vert » ou « verre »",
        "verre",
        "nom masculin",
        "il s'agit du récipient dans lequel on boit",
    ),
    (
        "Mets le vase …, près de la lampe.",
        "« la », « là » ou « l'a »",
        "là",
        "adverbe de lieu",
        "on peut dire « ici » à la place",
    ),
    (
        "Ce livre, Nina … déjà lu.",
        "« la », « là » ou « l'a »",
        "l'a",
        "pronom et auxiliaire",
        "on peut dire « l'avait » à la place",
    ),
    (
        "Il … pleuvoir cet après-midi.",
        "« peu », « peut » ou « peux »",
        "peut",
        "verbe",
        "on peut dire « pouvait » à la place",
    ),
    (
        "J'ai cherché, … je n'ai rien trouvé.",
        "« mais » ou « mes »",
        "mais",
        "conjonction",
        "ce mot marque une opposition, comme « pourtant »",
    ),
    (
        "Ne pars pas … ton bonnet.",
        "« sans » ou « s'en »",
        "sans",
        "préposition",
        "ce mot s'oppose à « avec »",
    ),
    (
        "Le gardien … va à la nuit tombée.",
        "« sans » ou « s'en »",
        "s'en",
        "deux pronoms",
        "le verbe est « s'en aller », comme dans « je m'en vais »",
    ),
    (
        "Notre école se trouve … du stade.",
        "« près » ou « prêt »",
        "près",
        "élément de la locution « près de »",
        "on peut dire « loin », son contraire, à la place",
    ),
    (
        "Le cycliste est … à partir.",
        "« près » ou « prêt »",
        "prêt",
        "adjectif",
        "au féminin, on dirait « prête »",
    ),
)


def homophones(rng: random.Random) -> list[Conversation]:
    """Ask which of several words that sound alike completes a sentence, and why."""
    items: list[Item] = []
    for gap, words, word, nature, why in HOMOPHONES:
        full = capital(gap.replace("…", word))
        brief = (
            (
                f"Indique le mot juste, {words}, et sa nature, sans phrase : « {gap} »",
                f"« {gap} » Quel mot choisir : {words} ? Note-le avec sa nature.",
            ),
            (f"« {word} », {nature}", f"« {word} » ({nature})"),
        )
        whole = (
            (
                f"Recopie la phrase avec l'orthographe qui convient, {words} : « {gap} »",
                f"Remplis le blanc par {words} : « {gap} »",
            ),
            (full, f"« {full} »", f"La bonne phrase est : « {full} »"),
        )
        reason = (
            (
                f"Choisis {words} et dis pourquoi : « {gap} »",
                f"Faut-il {words} dans la phrase qui suit ? Justifie ton choix. « {gap} »",
                f"Je ne sais jamais s'il faut {words}. Comment décider ici ? « {gap} »",
            ),
            (
                f"On écrit « {word} », car {why}.",
                f"Il faut « {word} » : {why}.",
                f"« {full} » {capital(why)}.",
            ),
        )
        items.append((brief, whole, reason))
    return converse(rng, items)


# Sentence to complete, infinitive, participle, agreement, reason.
PARTICIPLES: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "Les pommes que j'ai … étaient sucrées.",
        "manger",
        "mangées",
        "féminin pluriel",
        "le complément « que », mis pour « les pommes », précède le verbe",
    ),
    (
        "J'ai … deux pommes au goûter.",
        "manger",
        "mangé",
        "sans accord",
        "le complément « deux pommes » est placé après le verbe",
    ),
    (
        "Mes cousines sont … par le train du soir.",
        "arriver",
        "arrivées",
        "féminin pluriel",
        "l'auxiliaire « être » impose l'accord avec « mes cousines »",
    ),
    (
        "La barque est … au port.",
        "rester",
        "restée",
        "féminin singulier",
        "le participe employé avec « être » s'accorde avec « la barque »",
    ),
    (
        "Les randonneurs sont … avant l'aube.",
        "partir",
        "partis",
        "masculin pluriel",
        "le sujet « les randonneurs » commande l'accord après « être »",
    ),
    (
        "La chorale a … trois chansons anciennes.",
        "chanter",
        "chanté",
        "sans accord",
        "l'auxiliaire « avoir » n'entraîne pas l'accord avec le sujet",
    ),
    (
        "Où as-tu rangé les clés ? Je les ai … ici.",
        "poser",
        "posées",
        "féminin pluriel",
        "le pronom « les », mis pour « les clés », est placé avant le verbe",
    ),
    (
        "Cette lettre, je l'ai … hier soir.",
        "écrire",
        "écrite",
        "féminin singulier",
        "le pronom « l' » remplace « cette lettre » et précède le verbe",
    ),
    (
        "Nous avons … une longue lettre.",
        "écrire",
        "écrit",
        "sans accord",
        "le complément « une longue lettre » vient après le verbe",
    ),
    (
        "Voici les photos que Léa a … en vacances.",
        "prendre",
        "prises",
        "féminin pluriel",
        "le complément « que » renvoie à « les photos » et précède le verbe",
    ),
    (
        "La porte a été … par le vent.",
        "ouvrir",
        "ouverte",
        "féminin singulier",
        "la phrase est au passif et le sujet est « la porte »",
    ),
    (
        "Les murs seront … en jaune.",
        "peindre",
        "peints",
        "masculin pluriel",
        "le passif demande l'accord avec « les murs »",
    ),
    (
        "Les filles se sont … de bonne heure.",
        "lever",
        "levées",
        "féminin pluriel",
        "le pronom « se » est complément d'objet direct et renvoie aux filles",
    ),
    (
        "Julie s'est … les mains.",
        "laver",
        "lavé",
        "sans accord",
        "le complément direct « les mains » est placé après le verbe",
    ),
    (
        "Julie s'est … avec soin.",
        "laver",
        "lavée",
        "féminin singulier",
        "le pronom « s' » désigne Julie et sert de complément direct",
    ),
    (
        "Les sœurs se sont … au téléphone.",
        "parler",
        "parlé",
        "sans accord",
        "on parle « à » quelqu'un et « se » n'est pas un complément direct",
    ),
    (
        "Quelles fleurs as-tu … dans le pré ?",
        "cueillir",
        "cueillies",
        "féminin pluriel",
        "le complément « quelles fleurs » est placé avant le verbe",
    ),
    (
        "Quel livre as-tu … cet été ?",
        "lire",
        "lu",
        "masculin singulier",
        "le complément « quel livre » est masculin singulier et précède le verbe",
    ),
    (
        "La neige … cette nuit a déjà fondu.",
        "tomber",
        "tombée",
        "féminin singulier",
        "un participe employé sans auxiliaire s'accorde avec le nom",
    ),
    (
        "Des assiettes … traînaient sur le sol.",
        "casser",
        "cassées",
        "féminin pluriel",
        "ce participe employé seul s'accorde comme un adjectif",
    ),
    (
        "Les oiseaux sont … dès le printemps.",
        "revenir",
        "revenus",
        "masculin pluriel",
        "ce verbe se conjugue avec « être » et le sujet est « les oiseaux »",
    ),
    (
        "Les enfants ont … toute la matinée.",
        "dormir",
        "dormi",
        "sans accord",
        "ce verbe employé avec « avoir » n'a pas de complément direct",
    ),
    (
        "Des framboises, j'en ai … beaucoup.",
        "cueillir",
        "cueilli",
        "sans accord",
        "le pronom « en » ne commande pas l'accord",
    ),
    (
        "Les efforts qu'il a … sont récompensés.",
        "faire",
        "faits",
        "masculin pluriel",
        "le complément « qu' », mis pour « les efforts », est placé avant",
    ),
    (
        "Ma grand-mère est … dans cette ferme.",
        "naître",
        "née",
        "féminin singulier",
        "l'auxiliaire est « être » et le sujet est « ma grand-mère »",
    ),
    (
        "Les deux équipes ont … le même jour.",
        "perdre",
        "perdu",
        "sans accord",
        "le verbe se conjugue avec « avoir » et n'a pas de complément direct",
    ),
    (
        "La voiture qu'ils ont … est rouge.",
        "choisir",
        "choisie",
        "féminin singulier",
        "le complément « qu' », mis pour « la voiture », précède le verbe",
    ),
    (
        "Paul et Marie sont … voir un film.",
        "aller",
        "allés",
        "masculin pluriel",
        "le sujet réunit Paul et Marie, ce qui donne un masculin pluriel",
    ),
    (
        "Les tartes sont … depuis une heure.",
        "cuire",
        "cuites",
        "féminin pluriel",
        "le participe s'accorde avec le sujet « les tartes »",
    ),
    (
        "Il a … attendre la fin de l'orage.",
        "falloir",
        "fallu",
        "invariable",
        "le participe d'un verbe impersonnel ne varie jamais",
    ),
    (
        "Les histoires que tu as … me font rire.",
        "raconter",
        "racontées",
        "féminin pluriel",
        "le complément direct « que », mis pour « les histoires », est placé avant",
    ),
    (
        "Ces montres ? Mon oncle les a … lui-même.",
        "réparer",
        "réparées",
        "féminin pluriel",
        "le pronom « les » remplace « ces montres » et précède le verbe",
    ),
)


def participles(rng: random.Random) -> list[Conversation]:
    """Ask for the past participle, with its agreement, that completes a sentence."""
    items: list[Item] = []
    for gap, verb, form, agreement, why in PARTICIPLES:
        full = gap.replace("…", form)
        brief = (
            (
                f"Écris le participe passé du verbe « {verb} » et nomme l'accord, sans phrase : « {gap} »",
                f"« {gap} » Quel participe du verbe « {verb} » convient ? Précise l'accord en peu de mots.",
            ),
            (f"{form}, {agreement}", f"« {form} » ({agreement})"),
        )
        whole = (
            (
                f"Complète par le participe passé du verbe « {verb} », bien accordé : « {gap} »",
                f"Réécris cette phrase avec le participe du verbe « {verb} » : « {gap} »",
            ),
            (full, f"« {full} »", f"On obtient : « {full} »"),
        )
        reason = (
            (
                f"Comment s'accorde ici le participe passé du verbe « {verb} » ? « {gap} »",
                f"Accorde le participe passé du verbe « {verb} » si nécessaire et justifie : « {gap} »",
                f"Explique l'accord du participe du verbe « {verb} » dans cette phrase : « {gap} »",
            ),
            (
                f"On écrit « {form} », car {why}.",
                f"Le participe s'écrit « {form} » : {why}.",
                f"« {full} » {capital(why)}.",
            ),
        )
        items.append((brief, whole, reason))
    return converse(rng, items)


# Noun, with « un » or « une », with the definite article, gender, group that shows the gender.
GENDERS: tuple[tuple[str, str, str, str, str], ...] = (
    ("pétale", "un pétale", "le pétale", "masculin", "un pétale blanc"),
    ("tentacule", "un tentacule", "le tentacule", "masculin", "un tentacule puissant"),
    ("horloge", "une horloge", "l'horloge", "féminin", "une horloge ancienne"),
    ("armoire", "une armoire", "l'armoire", "féminin", "une grande armoire"),
    ("éclair", "un éclair", "l'éclair", "masculin", "un éclair aveuglant"),
    ("squelette", "un squelette", "le squelette", "masculin", "un squelette complet"),
    ("lycée", "un lycée", "le lycée", "masculin", "un lycée voisin"),
    ("musée", "un musée", "le musée", "masculin", "un musée ouvert"),
    ("main", "une main", "la main", "féminin", "une main froide"),
    ("dent", "une dent", "la dent", "féminin", "une dent blanche"),
    ("forêt", "une forêt", "la forêt", "féminin", "une forêt profonde"),
    ("mur", "un mur", "le mur", "masculin", "un mur épais"),
    ("souris", "une souris", "la souris", "féminin", "une souris grise"),
    ("fourmi", "une fourmi", "la fourmi", "féminin", "une fourmi rousse"),
    ("silence", "un silence", "le silence", "masculin", "un silence profond"),
    ("plage", "une plage", "la plage", "féminin", "une plage déserte"),
    ("voyage", "un voyage", "le voyage", "masculin", "un long voyage"),
    ("image", "une image", "l'image", "féminin", "une image nette"),
    ("nuage", "un nuage", "le nuage", "masculin", "un nuage gris"),
    ("orage", "un orage", "l'orage", "masculin", "un orage violent"),
    ("escalier", "un escalier", "l'escalier", "masculin", "un escalier étroit"),
    ("oreille", "une oreille", "l'oreille", "féminin", "une oreille pointue"),
    ("légume", "un légume", "le légume", "masculin", "un légume vert"),
    ("fleur", "une fleur", "la fleur", "féminin", "une fleur bleue"),
    ("cœur", "un cœur", "le cœur", "masculin", "un cœur généreux"),
    ("vis", "une vis", "la vis", "féminin", "une vis tordue"),
    ("clou", "un clou", "le clou", "masculin", "un clou tordu"),
    ("échelle", "une échelle", "l'échelle", "féminin", "une échelle légère"),
    ("ascenseur", "un ascenseur", "l'ascenseur", "masculin", "un ascenseur lent"),
    ("pieuvre", "une pieuvre", "la pieuvre", "féminin", "une pieuvre brune"),
    ("hélicoptère", "un hélicoptère", "l'hélicoptère", "masculin", "un hélicoptère bruyant"),
    ("libellule", "une libellule", "la libellule", "féminin", "une libellule verte"),
    ("noix", "une noix", "la noix", "féminin", "une noix fraîche"),
    ("dictionnaire", "un dictionnaire", "le dictionnaire", "masculin", "un gros dictionnaire"),
    ("nageoire", "une nageoire", "la nageoire", "féminin", "une nageoire brillante"),
    ("haricot", "un haricot", "le haricot", "masculin", "un haricot vert"),
)


def genders(rng: random.Random) -> list[Conversation]:
    """Ask for the article and the gender of a noun."""
    items: list[Item] = []
    for noun, indefinite, definite, gender, group in GENDERS:
        brief = (
            (
                f"« Un » ou « une » devant « {noun} » ? Réponds sans phrase.",
                f"Écris le nom « {noun} » avec l'article indéfini, sans phrase.",
            ),
            (indefinite, f"« {indefinite} »"),
        )
        kind = (
            (
                f"Le nom « {noun} » est-il masculin ou féminin ?",
                f"Quel est le genre du mot « {noun} » en français ?",
                f"J'oublie toujours le genre du nom « {noun} » : masculin ou féminin ?",
            ),
            (
                f"Ce nom est {gender} : on dit « {indefinite} ».",
                f"C'est un nom {gender}, comme le montre « {group} ».",
                f"« {capital(noun)} » est un nom {gender} ; on dit par exemple « {group} ».",
            ),
        )
        elided = definite.startswith("l'")
        article = (
            (
                f"Devant « {noun} », quel article défini faut-il ? Précise aussi le genre.",
                f"Donne l'article défini et le genre du nom « {noun} ».",
            ),
            (
                f"On écrit « {definite} » : l'article est élidé et le nom est {gender}."
                if elided
                else f"On écrit « {definite} », car ce nom est {gender}.",
                f"On dit « {definite} », nom {gender} : {group}.",
            ),
        )
        adjective = (
            (
                f"Accompagne « {noun} » d'un article indéfini et d'un adjectif bien accordé.",
                f"Forme un petit groupe avec un article, « {noun} » et un adjectif.",
            ),
            (f"« {group} »", f"On peut dire « {group} », car le nom est {gender}."),
        )
        items.append((brief, kind, article, adjective))
    return converse(rng, items)


# Sentence, verb form in it, infinitive, group, reason.
GROUPS: tuple[tuple[str, str, str, str, str], ...] = (
    ("Les élèves finissent leur dessin.", "finissent", "finir", "deuxième", "on dit « nous finissons »"),
    ("Le chat bondit sur la table.", "bondit", "bondir", "deuxième", "on dit « nous bondissons »"),
    ("Nous grandissons vite.", "grandissons", "grandir", "deuxième", "la forme avec « nous » finit par « -issons »"),
    ("Tu choisis un livre.", "choisis", "choisir", "deuxième", "on dit « nous choisissons »"),
    ("La soupe refroidit.", "refroidit", "refroidir", "deuxième", "on dit « nous refroidissons »"),
    (
        "Les feuilles jaunissent en automne.",
        "jaunissent",
        "jaunir",
        "deuxième",
        "le radical prend « -iss- » au pluriel",
    ),
    ("Je réfléchis avant de répondre.", "réfléchis", "réfléchir", "deuxième", "on dit « nous réfléchissons »"),
    ("Le maçon bâtit un mur.", "bâtit", "bâtir", "deuxième", "on dit « nous bâtissons »"),
    ("Vous applaudissez le clown.", "applaudissez", "applaudir", "deuxième", "on retrouve « -iss- » dans la forme"),
    ("Les roses fleurissent en juin.", "fleurissent", "fleurir", "deuxième", "le pluriel fait apparaître « -iss- »"),
    ("Nous mangeons des crêpes.", "mangeons", "manger", "premier", "l'infinitif se termine par « -er »"),
    ("Elle appelle sa chienne.", "appelle", "appeler", "premier", "l'infinitif finit en « -er »"),
    ("Je jette les épluchures au compost.", "jette", "jeter", "premier", "l'infinitif se termine par « -er »"),
    ("Tu essuies la vaisselle.", "essuies", "essuyer", "premier", "la finale de l'infinitif est « -er »"),
    ("Nous plaçons les chaises en rond.", "plaçons", "placer", "premier", "l'infinitif finit en « -er »"),
    ("Le coq réveillait tout le village.", "réveillait", "réveiller", "premier", "l'infinitif finit en « -er »"),
    ("J'enverrai une carte postale.", "enverrai", "envoyer", "premier", "l'infinitif se termine par « -er »"),
    ("Ils étudient les étoiles.", "étudient", "étudier", "premier", "la finale de l'infinitif est « -er »"),
    ("Je vais au marché.", "vais", "aller", "troisième", "il reste irrégulier malgré sa finale « -er »"),
    ("Ils dorment dans la grange.", "dorment", "dormir", "troisième", "on dit « nous dormons », sans « -iss- »"),
    ("Le train part à midi.", "part", "partir", "troisième", "on dit « nous partons », sans « -iss- »"),
    ("Vous ouvrez la fenêtre.", "ouvrez", "ouvrir", "troisième", "on dit « nous ouvrons », sans « -iss- »"),
    ("Elles cueillent des mûres.", "cueillent", "cueillir", "troisième", "on dit « nous cueillons », sans « -iss- »"),
    ("Tu peux entrer.", "peux", "pouvoir", "troisième", "l'infinitif se termine par « -oir »"),
    ("Nous buvons du jus de raisin.", "buvons", "boire", "troisième", "l'infinitif se termine par « -re »"),
    ("Il craint l'orage.", "craint", "craindre", "troisième", "la finale de l'infinitif est « -re »"),
    ("Les poules pondent chaque jour.", "pondent", "pondre", "troisième", "l'infinitif finit en « -re »"),
    ("Mon père coud un bouton.", "coud", "coudre", "troisième", "l'infinitif se termine par « -re »"),
    ("Vous saurez tout demain.", "saurez", "savoir", "troisième", "la finale de l'infinitif est « -oir »"),
    ("Le boulanger vend des brioches.", "vend", "vendre", "troisième", "l'infinitif se termine par « -re »"),
    ("Nous vivons près de la rivière.", "vivons", "vivre", "troisième", "la finale de l'infinitif est « -re »"),
    ("Je reçois un colis.", "reçois", "recevoir", "troisième", "l'infinitif finit en « -oir »"),
    ("Tu courais dans le sable.", "courais", "courir", "troisième", "on dit « nous courons », sans « -iss- »"),
)


def verb_groups(rng: random.Random) -> list[Conversation]:
    """Ask for the infinitive and the group of a verb found in a sentence."""
    items: list[Item] = []
    for sentence, form, verb, group, why in GROUPS:
        plain = sentence.removesuffix(".")
        brief = (
            (
                f"Note l'infinitif et le groupe du verbe, sans phrase : « {sentence} »",
                f"« {sentence} » Donne juste l'infinitif et le groupe du verbe conjugué.",
            ),
            (f"{verb}, {group} groupe", f"« {verb} », {group} groupe", f"{verb} ({group} groupe)"),
        )
        statement = (
            (
                f"Quel est l'infinitif de la forme « {form} » dans « {plain} », et quel est son groupe ?",
                f"Trouve dans « {plain} » le verbe conjugué, son infinitif et son groupe.",
            ),
            (
                f"La forme « {form} » est celle du verbe « {verb} », qui appartient au {group} groupe.",
                f"Le verbe conjugué « {form} » a pour infinitif « {verb} » et appartient au {group} groupe.",
            ),
        )
        reason = (
            (
                f"À quel groupe appartient le verbe de « {plain} » ? Explique comment on le sait.",
                f"Je dois classer le verbe de « {plain} » dans un groupe : lequel, et pourquoi ?",
                f"Peux-tu justifier le groupe du verbe « {form} » dans « {plain} » ?",
            ),
            (
                f"Le verbe « {verb} » est du {group} groupe, car {why}.",
                f"La forme « {form} » vient de « {verb} », verbe du {group} groupe : {why}.",
                f"C'est « {verb} », du {group} groupe : {why}.",
            ),
        )
        items.append((brief, statement, reason))
    return converse(rng, items)


FAMILIES = (
    conjugations,
    verb_gaps,
    plural_nouns,
    feminines,
    homophones,
    participles,
    genders,
    verb_groups,
)
