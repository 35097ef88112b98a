"""Seeded generators of short French exercises that rewrite a sentence."""

import random
from collections.abc import Sequence

from families.common import Conversation, turn

COUNT = 27


def choose(rng: random.Random, prompts: Sequence[str], opening: str) -> str:
    """Choose a prompt template that does not begin with the opening word of the previous one."""
    return rng.choice([text for text in prompts if text.split()[0] != opening])


def rewrite(
    rng: random.Random, pairs: Sequence[tuple[str, str]], prompts: Sequence[str], answers: Sequence[str]
) -> list[Conversation]:
    """Turn pairs (source, target) into conversations, by templates of prompts and answers."""
    conversations: list[Conversation] = []
    opening = ""
    for source, target in rng.sample(pairs, COUNT):
        prompt = choose(rng, prompts, opening)
        opening = prompt.split()[0]
        conversations.append(turn(prompt.format(source), rng.choice(answers).format(target)))
    return conversations


# Affirmative sentence, negative sentence.
NEGATIVES: tuple[tuple[str, str], ...] = (
    ("Le chat dort sur le canapé.", "Le chat ne dort pas sur le canapé."),
    ("J'ai un vélo dans le garage.", "Je n'ai pas de vélo dans le garage."),
    ("Nous mangeons toujours à midi pile.", "Nous ne mangeons jamais à midi pile."),
    ("Tu as encore de la fièvre.", "Tu n'as plus de fièvre."),
    ("Il y a du pain sur la table.", "Il n'y a pas de pain sur la table."),
    ("Elle aime le café sans sucre.", "Elle n'aime pas le café sans sucre."),
    ("Quelqu'un frappe à la porte.", "Personne ne frappe à la porte."),
    ("Je vois quelque chose dans le brouillard.", "Je ne vois rien dans le brouillard."),
    ("Le facteur est déjà passé ce matin.", "Le facteur n'est pas encore passé ce matin."),
    ("Les enfants jouent dans la cour.", "Les enfants ne jouent pas dans la cour."),
    ("Vous avez fermé la fenêtre du salon.", "Vous n'avez pas fermé la fenêtre du salon."),
    ("On entend la mer depuis la terrasse.", "On n'entend pas la mer depuis la terrasse."),
    ("Ma sœur habite encore à Lille.", "Ma sœur n'habite plus à Lille."),
    ("Il faut traverser à cet endroit.", "Il ne faut pas traverser à cet endroit."),
    ("Ouvre ce paquet avant demain.", "N'ouvre pas ce paquet avant demain."),
    ("Le train s'arrête dans ce village.", "Le train ne s'arrête pas dans ce village."),
    ("J'achète des fraises en hiver.", "Je n'achète pas de fraises en hiver."),
    ("Nous irons à la plage dimanche.", "Nous n'irons pas à la plage dimanche."),
    ("Ce manteau est assez chaud.", "Ce manteau n'est pas assez chaud."),
    ("Elles ont vu le renard du jardin.", "Elles n'ont pas vu le renard du jardin."),
    ("Mon oncle sait nager le crawl.", "Mon oncle ne sait pas nager le crawl."),
    ("Tu te lèves tôt le samedi.", "Tu ne te lèves pas tôt le samedi."),
    ("Il neigeait encore à notre arrivée.", "Il ne neigeait plus à notre arrivée."),
    ("Le boulanger vend des tartes aux prunes.", "Le boulanger ne vend pas de tartes aux prunes."),
    ("Je connais quelqu'un dans cette rue.", "Je ne connais personne dans cette rue."),
    ("Vous pouvez entrer par ici.", "Vous ne pouvez pas entrer par ici."),
    ("L'eau du lac est froide.", "L'eau du lac n'est pas froide."),
    ("Nous avions un plan du musée.", "Nous n'avions pas de plan du musée."),
    ("Cette clé ouvre le cadenas.", "Cette clé n'ouvre pas le cadenas."),
    ("Le jardinier arrose souvent les cactus.", "Le jardinier n'arrose pas souvent les cactus."),
    ("Elle s'est trompée de quai.", "Elle ne s'est pas trompée de quai."),
)


def negative_form(rng: random.Random) -> list[Conversation]:
    """Ask for the negative form of a sentence."""
    prompts = (
        "Mets à la forme négative : « {} »",
        "Comment mettre à la forme négative « {} » ?",
        "« {} » Réécris cela à la forme négative.",
        "Transforme en phrase négative l'affirmation que voici : « {} »",
        "Quelle est la forme négative de « {} » ?",
        "Ajoute une négation à la phrase suivante : « {} »",
        "Voici une phrase affirmative : « {} » Rends-la négative.",
    )
    answers = (
        "{}",
        "{}",
        "À la forme négative : « {} »",
        "Avec la négation, on écrit : « {} »",
        "On dit : « {} »",
    )
    return rewrite(rng, NEGATIVES, prompts, answers)


# Statement, question with inversion, question with « est-ce que ».
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("Tu aimes le chocolat noir.", "Aimes-tu le chocolat noir ?", "Est-ce que tu aimes le chocolat noir ?"),
    ("Il pleut souvent à Brest.", "Pleut-il souvent à Brest ?", "Est-ce qu'il pleut souvent à Brest ?"),
    ("Vous habitez près du port.", "Habitez-vous près du port ?", "Est-ce que vous habitez près du port ?"),
    ("Elle parle italien avec Luca.", "Parle-t-elle italien avec Luca ?", "Est-ce qu'elle parle italien avec Luca ?"),
    (
        "Le magasin ouvre à neuf heures.",
        "Le magasin ouvre-t-il à neuf heures ?",
        "Est-ce que le magasin ouvre à neuf heures ?",
    ),
    (
        "Nous avons assez de farine.",
        "Avons-nous assez de farine ?",
        "Est-ce que nous avons assez de farine ?",
    ),
    (
        "Ils ont fini leurs devoirs.",
        "Ont-ils fini leurs devoirs ?",
        "Est-ce qu'ils ont fini leurs devoirs ?",
    ),
    ("On peut visiter la tour.", "Peut-on visiter la tour ?", "Est-ce qu'on peut visiter la tour ?"),
    (
        "Ta cousine joue du violon.",
        "Ta cousine joue-t-elle du violon ?",
        "Est-ce que ta cousine joue du violon ?",
    ),
    (
        "Les pompiers sont arrivés à temps.",
        "Les pompiers sont-ils arrivés à temps ?",
        "Est-ce que les pompiers sont arrivés à temps ?",
    ),
    (
        "Il y a une pharmacie dans ce quartier.",
        "Y a-t-il une pharmacie dans ce quartier ?",
        "Est-ce qu'il y a une pharmacie dans ce quartier ?",
    ),
    (
        "Tu as perdu ton parapluie.",
        "As-tu perdu ton parapluie ?",
        "Est-ce que tu as perdu ton parapluie ?",
    ),
    (
        "Elles prendront le dernier bus.",
        "Prendront-elles le dernier bus ?",
        "Est-ce qu'elles prendront le dernier bus ?",
    ),
    (
        "C'est la bonne adresse.",
        "Est-ce la bonne adresse ?",
        "Est-ce que c'est la bonne adresse ?",
    ),
    (
        "Vous voulez encore du thé.",
        "Voulez-vous encore du thé ?",
        "Est-ce que vous voulez encore du thé ?",
    ),
    (
        "Le chien a mangé sa pâtée.",
        "Le chien a-t-il mangé sa pâtée ?",
        "Est-ce que le chien a mangé sa pâtée ?",
    ),
    (
        "Ces champignons sont comestibles.",
        "Ces champignons sont-ils comestibles ?",
        "Est-ce que ces champignons sont comestibles ?",
    ),
    (
        "Il faut réserver une table.",
        "Faut-il réserver une table ?",
        "Est-ce qu'il faut réserver une table ?",
    ),
    (
        "Tu te souviens de cette histoire.",
        "Te souviens-tu de cette histoire ?",
        "Est-ce que tu te souviens de cette histoire ?",
    ),
    (
        "Les volets étaient fermés hier soir.",
        "Les volets étaient-ils fermés hier soir ?",
        "Est-ce que les volets étaient fermés hier soir ?",
    ),
    (
        "Elle viendra avec son frère.",
        "Viendra-t-elle avec son frère ?",
        "Est-ce qu'elle viendra avec son frère ?",
    ),
    (
        "Vous savez réparer une chaise.",
        "Savez-vous réparer une chaise ?",
        "Est-ce que vous savez réparer une chaise ?",
    ),
    (
        "La piscine ferme en hiver.",
        "La piscine ferme-t-elle en hiver ?",
        "Est-ce que la piscine ferme en hiver ?",
    ),
    (
        "Nous devons changer de train.",
        "Devons-nous changer de train ?",
        "Est-ce que nous devons changer de train ?",
    ),
    (
        "Il dort encore dans sa chambre.",
        "Dort-il encore dans sa chambre ?",
        "Est-ce qu'il dort encore dans sa chambre ?",
    ),
    (
        "Ton père travaille à l'hôpital.",
        "Ton père travaille-t-il à l'hôpital ?",
        "Est-ce que ton père travaille à l'hôpital ?",
    ),
    (
        "On a reçu une lettre de Clara.",
        "A-t-on reçu une lettre de Clara ?",
        "Est-ce qu'on a reçu une lettre de Clara ?",
    ),
    (
        "Les cerises sont déjà mûres.",
        "Les cerises sont-elles déjà mûres ?",
        "Est-ce que les cerises sont déjà mûres ?",
    ),
    (
        "Tu connais le nom de cet oiseau.",
        "Connais-tu le nom de cet oiseau ?",
        "Est-ce que tu connais le nom de cet oiseau ?",
    ),
    (
        "Ils se sont rencontrés à Lyon.",
        "Se sont-ils rencontrés à Lyon ?",
        "Est-ce qu'ils se sont rencontrés à Lyon ?",
    ),
    (
        "Vous êtes montés au sommet.",
        "Êtes-vous montés au sommet ?",
        "Est-ce que vous êtes montés au sommet ?",
    ),
)


def question_form(rng: random.Random) -> list[Conversation]:
    """Ask for the question that matches a statement, with inversion or with « est-ce que »."""
    inversion = (
        "Change cette phrase en question avec inversion du sujet : « {} »",
        "« {} » Pose la question correspondante, avec l'inversion du sujet.",
        "Écris sous forme de question, avec inversion : « {} »",
        "Quelle question obtient-on par inversion du sujet avec « {} » ?",
        "Par une inversion, rends cette phrase interrogative : « {} »",
    )
    with_est_ce_que = (
        "Transforme en question avec « est-ce que » : « {} »",
        "« {} » Fais-en une question qui commence par « est-ce que ».",
        "Formule la question avec « est-ce que » à partir de : « {} »",
        "Comment poser la question avec « est-ce que » pour « {} » ?",
        "Avec « est-ce que », change cette affirmation en question : « {} »",
    )
    answers = (
        "{}",
        "{}",
        "La phrase devient : « {} »",
        "On demande : « {} »",
        "Sous forme de question : « {} »",
    )
    conversations: list[Conversation] = []
    opening = ""
    for statement, inverted, est_ce_que in rng.sample(QUESTIONS, COUNT):
        prompts, target = rng.choice(((inversion, inverted), (with_est_ce_que, est_ce_que)))
        prompt = choose(rng, prompts, opening)
        opening = prompt.split()[0]
        conversations.append(turn(prompt.format(statement), rng.choice(answers).format(target)))
    return conversations


# Sentence in the present, in the perfect (passé composé), in the future.
TENSES: tuple[tuple[str, str, str], ...] = (
    (
        "Je prépare une soupe de légumes.",
        "J'ai préparé une soupe de légumes.",
        "Je préparerai une soupe de légumes.",
    ),
    (
        "Il part avant le lever du soleil.",
        "Il est parti avant le lever du soleil.",
        "Il partira avant le lever du soleil.",
    ),
    (
        "Elle arrive à la gare en taxi.",
        "Elle est arrivée à la gare en taxi.",
        "Elle arrivera à la gare en taxi.",
    ),
    (
        "Nous visitons le château de Chambord.",
        "Nous avons visité le château de Chambord.",
        "Nous visiterons le château de Chambord.",
    ),
    ("Tu finis ton dessin au crayon.", "Tu as fini ton dessin au crayon.", "Tu finiras ton dessin au crayon."),
    (
        "Vous prenez le bateau pour la Corse.",
        "Vous avez pris le bateau pour la Corse.",
        "Vous prendrez le bateau pour la Corse.",
    ),
    (
        "Les élèves font une expérience amusante.",
        "Les élèves ont fait une expérience amusante.",
        "Les élèves feront une expérience amusante.",
    ),
    ("On voit un arc-en-ciel.", "On a vu un arc-en-ciel.", "On verra un arc-en-ciel."),
    (
        "Ma mère écrit une longue lettre.",
        "Ma mère a écrit une longue lettre.",
        "Ma mère écrira une longue lettre.",
    ),
    (
        "Mon père va au marché à pied.",
        "Mon père est allé au marché à pied.",
        "Mon père ira au marché à pied.",
    ),
    (
        "Ils viennent avec leurs enfants.",
        "Ils sont venus avec leurs enfants.",
        "Ils viendront avec leurs enfants.",
    ),
    (
        "Le vent ouvre la porte de la grange.",
        "Le vent a ouvert la porte de la grange.",
        "Le vent ouvrira la porte de la grange.",
    ),
    (
        "Tu reçois un colis de ton parrain.",
        "Tu as reçu un colis de ton parrain.",
        "Tu recevras un colis de ton parrain.",
    ),
    (
        "Nous devons attendre une heure.",
        "Nous avons dû attendre une heure.",
        "Nous devrons attendre une heure.",
    ),
    (
        "Elles se promènent dans la forêt.",
        "Elles se sont promenées dans la forêt.",
        "Elles se promèneront dans la forêt.",
    ),
    (
        "Le maçon construit un mur de pierre.",
        "Le maçon a construit un mur de pierre.",
        "Le maçon construira un mur de pierre.",
    ),
    (
        "Vous mettez la table pour le dîner.",
        "Vous avez mis la table pour le dîner.",
        "Vous mettrez la table pour le dîner.",
    ),
    ("Il pleut toute la journée.", "Il a plu toute la journée.", "Il pleuvra toute la journée."),
    (
        "Ma tante vend sa vieille voiture.",
        "Ma tante a vendu sa vieille voiture.",
        "Ma tante vendra sa vieille voiture.",
    ),
    (
        "J'apprends un poème par cœur.",
        "J'ai appris un poème par cœur.",
        "J'apprendrai un poème par cœur.",
    ),
    (
        "Les touristes descendent au bord du lac.",
        "Les touristes sont descendus au bord du lac.",
        "Les touristes descendront au bord du lac.",
    ),
    (
        "Tu envoies une carte à tes cousins.",
        "Tu as envoyé une carte à tes cousins.",
        "Tu enverras une carte à tes cousins.",
    ),
    (
        "Elle tient la promesse faite à son ami.",
        "Elle a tenu la promesse faite à son ami.",
        "Elle tiendra la promesse faite à son ami.",
    ),
    (
        "Nous choisissons un gâteau aux noix.",
        "Nous avons choisi un gâteau aux noix.",
        "Nous choisirons un gâteau aux noix.",
    ),
    (
        "Le concert dure deux heures.",
        "Le concert a duré deux heures.",
        "Le concert durera deux heures.",
    ),
    (
        "Vous lisez le journal au petit déjeuner.",
        "Vous avez lu le journal au petit déjeuner.",
        "Vous lirez le journal au petit déjeuner.",
    ),
    (
        "La neige tombe sur les toits.",
        "La neige est tombée sur les toits.",
        "La neige tombera sur les toits.",
    ),
    (
        "Les joueurs boivent de l'eau fraîche.",
        "Les joueurs ont bu de l'eau fraîche.",
        "Les joueurs boiront de l'eau fraîche.",
    ),
    (
        "Je jette les vieux journaux.",
        "J'ai jeté les vieux journaux.",
        "Je jetterai les vieux journaux.",
    ),
    (
        "Mon frère court dans le parc.",
        "Mon frère a couru dans le parc.",
        "Mon frère courra dans le parc.",
    ),
    (
        "Elle se lève au chant du coq.",
        "Elle s'est levée au chant du coq.",
        "Elle se lèvera au chant du coq.",
    ),
    (
        "Ils vivent dans une petite ferme.",
        "Ils ont vécu dans une petite ferme.",
        "Ils vivront dans une petite ferme.",
    ),
)


def change_of_tense(rng: random.Random) -> list[Conversation]:
    """Ask for a sentence in the present to be put in the perfect or in the future."""
    prompts = (
        "Mets au {} la phrase qui suit : « {} »",
        "Conjugue au {} : « {} »",
        "Cette phrase est au présent, passe-la au {} : « {} »",
        "Peux-tu mettre cette phrase au {} : « {} » ?",
        "Il faut employer le {} au lieu du présent : « {} »",
        "Remplace le présent par le {} : « {} »",
    )
    answers = (
        "{1}",
        "{1}",
        "Au {0}, on écrit : « {1} »",
        "Au {0}, cela donne : « {1} »",
        "La phrase au {0} est : « {1} »",
    )
    conversations: list[Conversation] = []
    opening = ""
    for present, perfect, future in rng.sample(TENSES, COUNT):
        tense, target = rng.choice((("passé composé", perfect), ("futur simple", future)))
        prompt = choose(rng, prompts, opening)
        opening = prompt.split()[0]
        conversations.append(turn(prompt.format(tense, present), rng.choice(answers).format(tense, target)))
    return conversations


# Sentence in the active voice, in the passive voice.
PASSIVES: tuple[tuple[str, str], ...] = (
    ("Le chat attrape la souris.", "La souris est attrapée par le chat."),
    ("Le boulanger prépare les croissants.", "Les croissants sont préparés par le boulanger."),
    ("La tempête a cassé deux branches.", "Deux branches ont été cassées par la tempête."),
    ("Un architecte dessinera les plans.", "Les plans seront dessinés par un architecte."),
    ("Les abeilles produisent le miel.", "Le miel est produit par les abeilles."),
    ("Mon grand-père a planté ce cerisier.", "Ce cerisier a été planté par mon grand-père."),
    ("Le vent pousse les nuages.", "Les nuages sont poussés par le vent."),
    ("Le juge posait les questions.", "Les questions étaient posées par le juge."),
    ("La mairie organisera la fête.", "La fête sera organisée par la mairie."),
    ("Le chien garde la maison.", "La maison est gardée par le chien."),
    ("Les élèves ont décoré la classe.", "La classe a été décorée par les élèves."),
    ("Le mécanicien répare le moteur.", "Le moteur est réparé par le mécanicien."),
    ("La neige recouvrait les champs.", "Les champs étaient recouverts par la neige."),
    ("Une rivière traverse le village.", "Le village est traversé par une rivière."),
    ("Le facteur distribue les lettres.", "Les lettres sont distribuées par le facteur."),
    ("Victor Hugo a écrit ce roman.", "Ce roman a été écrit par Victor Hugo."),
    ("Un guide accompagnera les visiteurs.", "Les visiteurs seront accompagnés par un guide."),
    ("La lune éclaire le sentier.", "Le sentier est éclairé par la lune."),
    ("Les ouvriers démoliront le vieux pont.", "Le vieux pont sera démoli par les ouvriers."),
    ("Le pêcheur a pris une truite.", "Une truite a été prise par le pêcheur."),
    ("Ma voisine arrose les rosiers.", "Les rosiers sont arrosés par ma voisine."),
    ("Le public applaudissait la chanteuse.", "La chanteuse était applaudie par le public."),
    ("Un inconnu a ouvert le coffre.", "Le coffre a été ouvert par un inconnu."),
    ("La cuisinière épluche les pommes.", "Les pommes sont épluchées par la cuisinière."),
    ("Des murs épais protègent le jardin.", "Le jardin est protégé par des murs épais."),
    ("Les moutons tondent l'herbe du pré.", "L'herbe du pré est tondue par les moutons."),
    ("Le directeur signera le contrat.", "Le contrat sera signé par le directeur."),
    ("Les pompiers ont éteint l'incendie.", "L'incendie a été éteint par les pompiers."),
    ("Un peintre avait offert ce tableau.", "Ce tableau avait été offert par un peintre."),
    ("Le renard surveille le poulailler.", "Le poulailler est surveillé par le renard."),
    ("La couturière a cousu ces robes.", "Ces robes ont été cousues par la couturière."),
    ("Notre équipe a gagné le match.", "Le match a été gagné par notre équipe."),
    ("Le vétérinaire soignera la jument.", "La jument sera soignée par le vétérinaire."),
)


def passive_voice(rng: random.Random) -> list[Conversation]:
    """Ask for the passive form of a sentence in the active voice."""
    prompts = (
        "Mets à la voix passive : « {} »",
        "Tourne au passif la phrase suivante : « {} »",
        "« {} » Donne cette phrase à la voix passive.",
        "Quelle est la tournure passive de « {} » ?",
        "Passe de l'actif au passif : « {} »",
        "Réécris au passif, sans changer le temps : « {} »",
        "Voici une phrase active : « {} » Écris-la au passif.",
    )
    answers = (
        "{}",
        "{}",
        "À la voix passive : « {} »",
        "Au passif, on écrit : « {} »",
        "La tournure passive est : « {} »",
    )
    return rewrite(rng, PASSIVES, prompts, answers)


# Sentence with a singular subject, with the same subject in the plural.
PLURALS: tuple[tuple[str, str], ...] = (
    ("Le cheval blanc galope dans la prairie.", "Les chevaux blancs galopent dans la prairie."),
    ("Mon ami est très patient.", "Mes amis sont très patients."),
    ("La voisine arrose son jardin le soir.", "Les voisines arrosent leur jardin le soir."),
    ("Ce journal est vraiment intéressant.", "Ces journaux sont vraiment intéressants."),
    ("Un oiseau chante sous ma fenêtre.", "Des oiseaux chantent sous ma fenêtre."),
    ("L'enfant a perdu son ballon.", "Les enfants ont perdu leur ballon."),
    ("Cette fleur rouge sent très bon.", "Ces fleurs rouges sentent très bon."),
    ("Le bateau quitte le port à l'aube.", "Les bateaux quittent le port à l'aube."),
    ("Ta chaussure est encore mouillée.", "Tes chaussures sont encore mouillées."),
    ("L'hôpital est ouvert jour et nuit.", "Les hôpitaux sont ouverts jour et nuit."),
    ("Le vieux château domine la vallée.", "Les vieux châteaux dominent la vallée."),
    ("Son fils apprend le piano.", "Ses fils apprennent le piano."),
    ("La noix tombe de l'arbre.", "Les noix tombent de l'arbre."),
    ("Le genou du coureur est blessé.", "Les genoux du coureur sont blessés."),
    ("Cet homme vient de loin.", "Ces hommes viennent de loin."),
    ("Une feuille morte flotte sur l'eau.", "Des feuilles mortes flottent sur l'eau."),
    ("Notre chien dort dans la niche.", "Nos chiens dorment dans la niche."),
    ("Le feu brûle dans la vallée.", "Les feux brûlent dans la vallée."),
    ("L'actrice est arrivée en retard.", "Les actrices sont arrivées en retard."),
    ("Le prix sera affiché à l'entrée.", "Les prix seront affichés à l'entrée."),
    ("Cette longue histoire finit bien.", "Ces longues histoires finissent bien."),
    ("Le travail avance lentement.", "Les travaux avancent lentement."),
    ("Ma petite cousine fait du vélo.", "Mes petites cousines font du vélo."),
    ("Le chou pousse dans le potager.", "Les choux poussent dans le potager."),
    ("Un nouvel élève va dans la cour.", "De nouveaux élèves vont dans la cour."),
    ("Votre clé était sur la table.", "Vos clés étaient sur la table."),
    ("Le gâteau aux pommes a disparu.", "Les gâteaux aux pommes ont disparu."),
    ("L'œil du hibou est rond.", "Les yeux du hibou sont ronds."),
    ("La souris grise craint le chat.", "Les souris grises craignent le chat."),
    ("Le local restera fermé cet été.", "Les locaux resteront fermés cet été."),
    ("Leur valise semble trop lourde.", "Leurs valises semblent trop lourdes."),
    ("Le vitrail ancien a été restauré.", "Les vitraux anciens ont été restaurés."),
    ("Ce bijou brille au soleil.", "Ces bijoux brillent au soleil."),
)


def plural_sentence(rng: random.Random) -> list[Conversation]:
    """Ask for the subject of a sentence to be put in the plural, with all agreements."""
    prompts = (
        "Mets le sujet au pluriel et accorde : « {} »",
        "Réécris avec un sujet au pluriel : « {} »",
        "« {} » Que devient cette phrase si le sujet est au pluriel ?",
        "Passe le sujet au pluriel, puis accorde le verbe : « {} »",
        "Comment s'écrit cette phrase avec un sujet pluriel : « {} » ?",
        "Avec un sujet au pluriel, que donne « {} » ?",
        "Le sujet doit être au pluriel, fais les accords : « {} »",
    )
    answers = (
        "{}",
        "{}",
        "Au pluriel, on écrit : « {} »",
        "La phrase devient : « {} »",
        "Avec les accords : « {} »",
    )
    return rewrite(rng, PLURALS, prompts, answers)


# Blunt request, polite request.
REQUESTS: tuple[tuple[str, str], ...] = (
    ("Donne-moi le sel.", "Pourrais-tu me passer le sel, s'il te plaît ?"),
    ("Fermez la porte tout de suite.", "Pourriez-vous fermer la porte, s'il vous plaît ?"),
    ("Je veux un café.", "Je voudrais un café, s'il vous plaît."),
    ("Baisse le son de la radio.", "Est-ce que tu pourrais baisser le son de la radio, s'il te plaît ?"),
    ("Attendez-moi devant la gare.", "Auriez-vous la gentillesse de m'attendre devant la gare ?"),
    ("Prête-moi ton stylo bleu.", "Est-ce que tu veux bien me prêter ton stylo bleu ?"),
    ("Expliquez-moi cette règle.", "Pourriez-vous m'expliquer cette règle, s'il vous plaît ?"),
    ("Je veux parler au directeur.", "J'aimerais parler au directeur, s'il vous plaît."),
    ("Poussez-vous, je veux passer.", "Pardon, pourriez-vous me laisser passer, s'il vous plaît ?"),
    ("Réponds vite à mon message.", "Pourrais-tu répondre rapidement à mon message, s'il te plaît ?"),
    ("Apportez-nous vite l'addition.", "Pourriez-vous nous apporter l'addition, s'il vous plaît ?"),
    ("Aide-moi à porter ce carton.", "Pourrais-tu m'aider à porter ce carton, s'il te plaît ?"),
    ("Dis-moi où est la poste.", "Peux-tu me dire où est la poste, s'il te plaît ?"),
    ("Parlez moins fort dans la bibliothèque.", "Merci de parler moins fort dans la bibliothèque."),
    ("Envoyez-moi le devis demain.", "Pourriez-vous m'envoyer le devis demain, s'il vous plaît ?"),
    ("Signez en bas de la page.", "Pourriez-vous signer en bas de la page, s'il vous plaît ?"),
    ("Rends-moi mon livre.", "Pourrais-tu me rendre mon livre, s'il te plaît ?"),
    ("Taisez-vous pendant le film.", "Pourriez-vous garder le silence pendant le film, s'il vous plaît ?"),
    ("Je veux changer de chambre.", "Serait-il possible de changer de chambre, s'il vous plaît ?"),
    ("Laisse-moi ta place.", "Est-ce que tu voudrais bien me laisser ta place ?"),
    ("Rappelez-moi cet après-midi.", "Auriez-vous l'amabilité de me rappeler cet après-midi ?"),
    ("Range tes jouets.", "Tu veux bien ranger tes jouets, s'il te plaît ?"),
    ("Remplissez ce formulaire.", "Merci de bien vouloir remplir ce formulaire."),
    ("Montre-moi le chemin.", "Pourrais-tu me montrer le chemin, s'il te plaît ?"),
    ("Je veux deux billets pour Dijon.", "Je souhaiterais deux billets pour Dijon, s'il vous plaît."),
    ("Ouvre la fenêtre, il fait chaud.", "Il fait chaud : pourrais-tu ouvrir la fenêtre, s'il te plaît ?"),
    ("Répétez votre question.", "Pourriez-vous répéter votre question, s'il vous plaît ?"),
    ("Garez votre voiture ailleurs.", "Cela vous ennuierait-il de garer votre voiture ailleurs ?"),
    ("Viens me chercher à six heures.", "Est-ce que tu pourrais venir me chercher à six heures ?"),
    ("Ne marchez pas sur la pelouse.", "Merci de ne pas marcher sur la pelouse."),
    ("Vérifie mon addition.", "Accepterais-tu de vérifier mon addition, s'il te plaît ?"),
    ("Asseyez-vous et attendez.", "Je vous prie de vous asseoir et de patienter un instant."),
)


def polite_request(rng: random.Random) -> list[Conversation]:
    """Ask for a blunt request to be made more polite."""
    prompts = (
        "Rends cette demande plus polie : « {} »",
        "Comment demander cela plus poliment : « {} » ?",
        "« {} » Cette demande est trop sèche, adoucis-la.",
        "Reformule de manière plus courtoise : « {} »",
        "Je trouve cette phrase brusque, propose une version polie : « {} »",
        "Trouve une façon plus aimable de dire : « {} »",
        "Quelle tournure polie peut remplacer « {} » ?",
    )
    answers = (
        "{}",
        "{}",
        "Plus poliment : « {} »",
        "On peut dire : « {} »",
        "Une version plus courtoise : « {} »",
    )
    return rewrite(rng, REQUESTS, prompts, answers)


# First sentence, second sentence, connector, joined sentence.
JOINED: tuple[tuple[str, str, str, str], ...] = (
    ("Il pleut.", "Nous restons à la maison.", "donc", "Il pleut, donc nous restons à la maison."),
    ("Je suis fatigué.", "J'ai mal dormi.", "parce que", "Je suis fatigué parce que j'ai mal dormi."),
    ("Elle est petite.", "Elle court très vite.", "mais", "Elle est petite, mais elle court très vite."),
    ("Prends un pull.", "Il fait froid dehors.", "car", "Prends un pull, car il fait froid dehors."),
    ("Paul sourit.", "Il voit son chien.", "quand", "Paul sourit quand il voit son chien."),
    (
        "Il sort sans manteau.",
        "Il neige.",
        "bien que",
        "Il sort sans manteau bien qu'il neige.",
    ),
    (
        "Parle plus fort.",
        "Tout le monde t'entend.",
        "pour que",
        "Parle plus fort pour que tout le monde t'entende.",
    ),
    ("Je lave les verres.", "Tu les essuies.", "et", "Je lave les verres et tu les essuies."),
    (
        "Nous partirons.",
        "Le bus arrivera.",
        "dès que",
        "Nous partirons dès que le bus arrivera.",
    ),
    (
        "Marie lit un roman.",
        "Son frère regarde un film.",
        "tandis que",
        "Marie lit un roman tandis que son frère regarde un film.",
    ),
    (
        "Le bébé dort.",
        "Ne faites pas de bruit.",
        "alors",
        "Le bébé dort, alors ne faites pas de bruit.",
    ),
    (
        "Rentrons vite.",
        "L'orage éclate.",
        "avant que",
        "Rentrons vite avant que l'orage éclate.",
    ),
    (
        "Le chat miaule.",
        "Il a faim.",
        "parce que",
        "Le chat miaule parce qu'il a faim.",
    ),
    (
        "Nous avons dîné.",
        "Nous avons joué aux cartes.",
        "puis",
        "Nous avons dîné, puis nous avons joué aux cartes.",
    ),
    (
        "La route est étroite.",
        "Il faut ralentir.",
        "donc",
        "La route est étroite, donc il faut ralentir.",
    ),
    (
        "Papa chante.",
        "Il prépare le repas.",
        "pendant que",
        "Papa chante pendant qu'il prépare le repas.",
    ),
    (
        "Tu peux venir.",
        "Tu as fini ton travail.",
        "puisque",
        "Tu peux venir puisque tu as fini ton travail.",
    ),
    (
        "Le gâteau est joli.",
        "Il manque de sucre.",
        "mais",
        "Le gâteau est joli, mais il manque de sucre.",
    ),
    (
        "Je dormais.",
        "Le téléphone a sonné.",
        "lorsque",
        "Je dormais lorsque le téléphone a sonné.",
    ),
    (
        "Il était malade.",
        "Il est venu au rendez-vous.",
        "pourtant",
        "Il était malade, pourtant il est venu au rendez-vous.",
    ),
    (
        "Nous mangerons dehors.",
        "Il fera beau.",
        "si",
        "Nous mangerons dehors s'il fait beau.",
    ),
    (
        "Les roses fanent.",
        "Elles manquent d'eau.",
        "car",
        "Les roses fanent, car elles manquent d'eau.",
    ),
    (
        "Vous pouvez prendre le train.",
        "Vous pouvez venir en voiture.",
        "ou",
        "Vous pouvez prendre le train ou venir en voiture.",
    ),
    (
        "Le maître répète la consigne.",
        "Les élèves la comprennent.",
        "afin que",
        "Le maître répète la consigne afin que les élèves la comprennent.",
    ),
    (
        "Léa reste au lit.",
        "Elle a de la fièvre.",
        "puisque",
        "Léa reste au lit puisqu'elle a de la fièvre.",
    ),
    (
        "Ils se promènent.",
        "La nuit tombe.",
        "jusqu'à ce que",
        "Ils se promènent jusqu'à ce que la nuit tombe.",
    ),
    (
        "Le magasin est fermé.",
        "Nous reviendrons demain.",
        "c'est pourquoi",
        "Le magasin est fermé, c'est pourquoi nous reviendrons demain.",
    ),
    (
        "Hugo aime la mer.",
        "Sa sœur préfère la montagne.",
        "alors que",
        "Hugo aime la mer alors que sa sœur préfère la montagne.",
    ),
    (
        "Je reste dans le salon.",
        "Tu finis ta lecture.",
        "jusqu'à ce que",
        "Je reste dans le salon jusqu'à ce que tu finisses ta lecture.",
    ),
    (
        "Tu auras du dessert.",
        "Tu manges ta soupe.",
        "à condition que",
        "Tu auras du dessert à condition que tu manges ta soupe.",
    ),
    (
        "Le ciel est gris.",
        "La mer reste calme.",
        "cependant",
        "Le ciel est gris ; cependant, la mer reste calme.",
    ),
    (
        "Le lac est gelé.",
        "Personne ne patine.",
        "mais",
        "Le lac est gelé, mais personne ne patine.",
    ),
)


def joined_sentences(rng: random.Random) -> list[Conversation]:
    """Ask for two sentences to be joined with a given connector."""
    prompts = (
        "Relie ces phrases avec « {2} » : « {0} {1} »",
        "Fais une seule phrase avec « {2} » : « {0} {1} »",
        "« {0} {1} » Réunis ces deux phrases à l'aide de « {2} ».",
        "Utilise « {2} » pour joindre ces deux phrases : « {0} {1} »",
        "À l'aide de « {2} », forme une phrase unique : « {0} {1} »",
        "Comment unir par « {2} » ces deux phrases : « {0} {1} » ?",
    )
    answers = (
        "{1}",
        "{1}",
        "Avec « {0} », on obtient : « {1} »",
        "On peut écrire : « {1} »",
        "En une seule phrase : « {1} »",
    )
    conversations: list[Conversation] = []
    opening = ""
    for first, second, connector, target in rng.sample(JOINED, COUNT):
        prompt = choose(rng, prompts, opening)
        opening = prompt.split()[0]
        answer = rng.choice(answers)
        conversations.append(turn(prompt.format(first, second, connector), answer.format(connector, target)))
    return conversations


FAMILIES = (
    negative_form,
    question_form,
    change_of_tense,
    passive_voice,
    plural_sentence,
    polite_request,
    joined_sentences,
)
