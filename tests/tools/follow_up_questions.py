"""Questions that lean on the one before, and questions that stand alone, in eleven languages.

The rule was made with the first twelve of each; the others it had not seen.
"""

from __future__ import annotations

LEANING = {
    "en": """
And on public holidays?
How much does it cost?
What about children under six?
Can I extend that?
Who is responsible for this?
Do they also apply to part-time staff?
Why?
Is there a discount for students as well?
Tell me more about the second option.
And if I lose my card?
Where can I find the form for that?
Are there any other exceptions?
Does that include taxes?
Which one is cheaper?
How long does that take on average?
Could you explain the last point?
And abroad?
Who should I ask?
""",
    "de": """
Und am Wochenende?
Was kostet das?
Gilt das auch für Teilzeitkräfte?
Wo finde ich das Formular dafür?
Wie lange dauert es?
Und wenn ich meine Karte verliere?
Wer ist dafür zuständig?
Kann ich sie verlängern?
Gibt es noch andere Ausnahmen?
Warum?
Wie sieht es bei Kindern unter sechs aus?
Muss ich ihn dann neu beantragen?
Ist darin die Mehrwertsteuer enthalten?
Welche Variante ist billiger?
Wie viel Zeit braucht man dafür im Schnitt?
Und im Ausland?
Wen muss ich fragen?
Kann man ihn auch online abgeben?
Bis wann muss das geschehen?
""",
    "fr": """
Et le week-end ?
Combien ça coûte ?
Qui en est responsable ?
Est-ce que cela vaut aussi pour les enfants ?
Où puis-je le renouveler ?
Et si je perds ma carte ?
Pourquoi ?
Y a-t-il d'autres exceptions ?
Comment les obtenir ?
Et pour les étudiants ?
Que se passe-t-il dans ce cas-là ?
Peut-on l'annuler plus tard ?
Est-ce que la TVA est comprise là-dedans ?
Laquelle est la moins chère ?
Combien de temps cela prend-il en moyenne ?
Et à l'étranger ?
À qui dois-je m'adresser ?
Peut-on aussi les déposer en ligne ?
Jusqu'à quand ?
""",
    "es": """
¿Y los fines de semana?
¿Cuánto cuesta?
¿Quién es responsable de eso?
¿Y si pierdo la tarjeta?
¿También vale para los niños?
¿Dónde puedo renovarlo?
¿Por qué?
¿Hay otras excepciones?
¿Y para los estudiantes?
¿Cómo la solicito?
¿Qué pasa en ese caso?
¿Se puede ampliar ese plazo?
¿Eso incluye el IVA?
¿Cuál es más barata?
¿Cuánto tiempo se tarda en hacerlo?
¿Y en el extranjero?
¿A quién tengo que preguntar?
¿Se pueden entregar también en línea?
¿Hasta cuándo?
""",
    "it": """
E nel fine settimana?
Quanto costa?
Chi ne è responsabile?
E se perdo la tessera?
Vale anche per i bambini?
Dove posso rinnovarla?
Perché?
Ci sono altre eccezioni?
E per gli studenti?
Come si richiede?
Cosa succede in quel caso?
Si può prolungare questo periodo?
L'IVA è compresa in questo prezzo?
Quale costa meno?
Quanto tempo ci vuole per farlo?
E all'estero?
A chi devo chiedere?
Si possono consegnare anche online?
Fino a quando?
""",
    "nl": """
En in het weekend?
Hoeveel kost dat?
Wie is daarvoor verantwoordelijk?
En als ik mijn pas verlies?
Geldt dat ook voor kinderen?
Waar kan ik het verlengen?
Waarom?
Zijn er nog andere uitzonderingen?
En voor studenten?
Hoe vraag ik die aan?
Wat gebeurt er in dat geval?
Kunnen ze ook later komen?
Is de btw daarin inbegrepen?
Welke is goedkoper?
Hoeveel tijd kost dat gemiddeld?
En in het buitenland?
Aan wie moet ik dat vragen?
Kun je ze ook online inleveren?
Tot wanneer?
""",
    "pt": """
E aos fins de semana?
Quanto custa?
Quem é responsável por isso?
E se eu perder o cartão?
Também vale para crianças?
Onde posso renová-lo?
Por quê?
Há outras exceções?
E para os estudantes?
Como posso pedi-la?
O que acontece nesse caso?
Dá para prolongar esse prazo?
Isso inclui os impostos?
Qual é a mais barata?
Quanto tempo leva para fazê-lo?
E no exterior?
A quem devo perguntar?
Também se podem entregar pela internet?
Até quando?
""",
    "pl": """
A w weekendy?
Ile to kosztuje?
Kto za to odpowiada?
A jeśli zgubię kartę?
Czy dotyczy to także dzieci?
Gdzie mogę go odnowić?
Dlaczego?
Czy są jeszcze inne wyjątki?
A dla studentów?
Jak ją zamówić?
Co się dzieje w takim przypadku?
Czy można przedłużyć ten termin?
Czy to obejmuje podatek VAT?
Która jest tańsza?
Ile czasu to zajmuje średnio?
A za granicą?
Kogo mam zapytać?
Czy można je też złożyć przez internet?
Do kiedy?
""",
    "ru": """
А по выходным?
Сколько это стоит?
Кто за это отвечает?
А если я потеряю карту?
Это касается и детей?
Где его можно продлить?
Почему?
Есть ли другие исключения?
А для студентов?
Как её заказать?
Что происходит в таком случае?
Можно ли продлить этот срок?
Входит ли в это НДС?
Какая из них дешевле?
Сколько времени это занимает в среднем?
А за границей?
Кого мне спросить?
Можно ли их сдать и через интернет?
До какого числа?
""",
    "ja": """
週末はどうですか？
それはいくらですか？
誰が担当していますか？
カードをなくした場合は？
子どもにも適用されますか？
それはどこで更新できますか？
なぜですか？
他に例外はありますか？
学生の場合は？
もっと詳しく教えてください。
その場合はどうなりますか？
この期限は延長できますか？
それには消費税が含まれますか？
どちらの方が安いですか？
平均でどのくらい時間がかかりますか？
海外の場合は？
誰に聞けばいいですか？
それらはオンラインでも提出できますか？
いつまでですか？
""",
    "zh": """
那周末呢？
这个多少钱？
谁负责这件事？
如果我丢了卡呢？
这也适用于儿童吗？
在哪里可以续办它？
为什么？
还有其他例外吗？
学生呢？
怎么申请？
那种情况下会怎样？
这个期限可以延长吗？
这包括税吗？
哪个更便宜？
平均需要多长时间？
那在国外呢？
我该问谁？
它们也可以在网上提交吗？
到什么时候？
""",
}

ALONE = {
    "en": """
When does the city library open on Sundays?
Which museums in Berlin show Egyptian sculpture?
How many vacation days do employees get per year?
What is the maximum baggage weight on domestic flights?
How do I reset the password of my email account?
Who founded the botanical garden in Padua?
Which documents are needed to register a car?
What does the warranty of the dishwasher cover?
Where is the emergency exit on the third floor?
How long can milk be kept in the refrigerator?
What are the symptoms of iron deficiency?
How is the rent of the community hall calculated?
How often must the fire extinguishers be inspected?
Which vaccinations are recommended for travel to Kenya?
What is the notice period in the rental contract?
Where can visitors park near the stadium?
How much sugar does the lemonade contain?
Who is allowed to operate the forklift?
""",
    "de": """
Wann öffnet die Stadtbibliothek am Sonntag?
Welche Museen in Berlin zeigen ägyptische Skulpturen?
Wie viele Urlaubstage haben Angestellte im Jahr?
Wie schwer darf das Gepäck auf Inlandsflügen sein?
Wie setze ich das Passwort meines E-Mail-Kontos zurück?
Wer gründete den botanischen Garten in Padua?
Welche Unterlagen braucht man für die Zulassung eines Autos?
Was deckt die Garantie der Spülmaschine ab?
Wo ist der Notausgang im dritten Stock?
Wie lange hält sich Milch im Kühlschrank?
Welche Anzeichen hat ein Eisenmangel?
Wie wird die Miete des Gemeindesaals berechnet?
Wie oft müssen die Feuerlöscher geprüft werden?
Welche Impfungen werden für Reisen nach Kenia empfohlen?
Welche Kündigungsfrist steht im Mietvertrag?
Wo können Besucher beim Stadion parken?
Wie viel Zucker enthält die Limonade?
Wer darf den Gabelstapler fahren?
Gibt es im Hallenbad eine Sauna?
""",
    "fr": """
Quand la bibliothèque municipale ouvre-t-elle le dimanche ?
Quels musées de Berlin exposent des sculptures égyptiennes ?
Combien de jours de congé les employés ont-ils par an ?
Quel est le poids maximal des bagages sur les vols intérieurs ?
Comment réinitialiser le mot de passe de ma messagerie ?
Qui a fondé le jardin botanique de Padoue ?
Quels documents faut-il pour immatriculer une voiture ?
Que couvre la garantie du lave-vaisselle ?
Où se trouve la sortie de secours du troisième étage ?
Combien de temps le lait se conserve-t-il au réfrigérateur ?
Quels sont les symptômes d'une carence en fer ?
Comment le loyer de la salle communale est-il calculé ?
À quelle fréquence faut-il contrôler les extincteurs ?
Quels vaccins sont recommandés pour un voyage au Kenya ?
Quel est le délai de préavis du contrat de location ?
Où les visiteurs peuvent-ils se garer près du stade ?
Combien de sucre contient la limonade ?
Qui a le droit de conduire le chariot élévateur ?
Y a-t-il un sauna à la piscine municipale ?
""",
    "es": """
¿Cuándo abre la biblioteca municipal los domingos?
¿Qué museos de Berlín exponen esculturas egipcias?
¿Cuántos días de vacaciones tienen los empleados al año?
¿Cuál es el peso máximo del equipaje en los vuelos nacionales?
¿Cómo restablezco la contraseña de mi correo electrónico?
¿Quién fundó el jardín botánico de Padua?
¿Qué documentos hacen falta para matricular un coche?
¿Qué cubre la garantía del lavavajillas?
¿Dónde está la salida de emergencia de la tercera planta?
¿Cuánto tiempo se conserva la leche en la nevera?
¿Qué síntomas tiene la falta de hierro?
¿Cómo se calcula el alquiler del salón comunal?
¿Con qué frecuencia se revisan los extintores?
¿Qué vacunas se recomiendan para viajar a Kenia?
¿Qué plazo de preaviso fija el contrato de alquiler?
¿Dónde pueden aparcar los visitantes cerca del estadio?
¿Cuánto azúcar contiene la limonada?
¿Quién puede conducir la carretilla elevadora?
¿Hay sauna en la piscina municipal?
""",
    "it": """
Quando apre la biblioteca comunale la domenica?
Quali musei di Berlino espongono sculture egizie?
Quanti giorni di ferie hanno i dipendenti ogni anno?
Qual è il peso massimo del bagaglio sui voli nazionali?
Come reimposto la password della mia posta elettronica?
Chi ha fondato l'orto botanico di Padova?
Quali documenti servono per immatricolare un'auto?
Che cosa copre la garanzia della lavastoviglie?
Dove si trova l'uscita di emergenza del terzo piano?
Per quanto tempo si conserva il latte in frigorifero?
Quali sono i sintomi della carenza di ferro?
Come si calcola l'affitto della sala comunale?
Ogni quanto vanno controllati gli estintori?
Quali vaccini sono consigliati per un viaggio in Kenya?
Qual è il preavviso previsto dal contratto di affitto?
Dove possono parcheggiare i visitatori vicino allo stadio?
Quanto zucchero contiene la limonata?
Chi può guidare il carrello elevatore?
C'è una sauna nella piscina comunale?
""",
    "nl": """
Wanneer is de stadsbibliotheek op zondag open?
Welke musea in Berlijn tonen Egyptische beelden?
Hoeveel vakantiedagen krijgen werknemers per jaar?
Hoe zwaar mag de bagage op binnenlandse vluchten zijn?
Hoe stel ik het wachtwoord van mijn e-mailaccount opnieuw in?
Wie stichtte de botanische tuin van Padua?
Welke documenten zijn nodig om een auto te registreren?
Wat dekt de garantie van de vaatwasser?
Waar is de nooduitgang op de derde verdieping?
Hoe lang blijft melk goed in de koelkast?
Wat zijn de symptomen van ijzertekort?
Hoe wordt de huur van de gemeentezaal berekend?
Hoe vaak moeten de brandblussers gekeurd worden?
Welke vaccinaties worden aanbevolen voor een reis naar Kenia?
Wat is de opzegtermijn in het huurcontract?
Waar kunnen bezoekers bij het stadion parkeren?
Hoeveel suiker zit er in de limonade?
Wie mag de heftruck besturen?
Is er een sauna in het zwembad?
""",
    "pt": """
Quando abre a biblioteca municipal aos domingos?
Que museus de Berlim expõem esculturas egípcias?
Quantos dias de férias os funcionários têm por ano?
Qual é o peso máximo da bagagem nos voos domésticos?
Como redefino a senha do meu correio eletrônico?
Quem fundou o jardim botânico de Pádua?
Quais documentos são necessários para registrar um carro?
O que cobre a garantia da máquina de lavar louça?
Onde fica a saída de emergência do terceiro andar?
Quanto tempo o leite dura na geladeira?
Quais são os sintomas da falta de ferro?
Como é calculado o aluguel do salão comunitário?
Com que frequência os extintores são inspecionados?
Que vacinas são recomendadas para viajar ao Quênia?
Qual é o aviso prévio do contrato de aluguel?
Onde os visitantes podem estacionar perto do estádio?
Quanto açúcar contém a limonada?
Quem pode operar a empilhadeira?
Há sauna na piscina municipal?
""",
    "pl": """
O której biblioteka miejska otwiera się w niedzielę?
Które muzea w Berlinie pokazują egipskie rzeźby?
Ile dni urlopu mają pracownicy w roku?
Jaka jest maksymalna waga bagażu w lotach krajowych?
Jak zresetować hasło do mojej poczty elektronicznej?
Kto założył ogród botaniczny w Padwie?
Jakie dokumenty są potrzebne do rejestracji samochodu?
Co obejmuje gwarancja na zmywarkę?
Gdzie jest wyjście ewakuacyjne na trzecim piętrze?
Jak długo można przechowywać mleko w lodówce?
Jakie są objawy niedoboru żelaza?
Jak oblicza się czynsz za salę gminną?
Jak często trzeba sprawdzać gaśnice?
Jakie szczepienia są zalecane przed podróżą do Kenii?
Jaki jest okres wypowiedzenia umowy najmu?
Gdzie odwiedzający mogą parkować przy stadionie?
Ile cukru zawiera lemoniada?
Kto może obsługiwać wózek widłowy?
Czy na basenie miejskim jest sauna?
""",
    "ru": """
Когда городская библиотека открывается в воскресенье?
Какие музеи Берлина показывают египетские скульптуры?
Сколько дней отпуска получают сотрудники в год?
Какой максимальный вес багажа на внутренних рейсах?
Как сбросить пароль моей электронной почты?
Кто основал ботанический сад в Падуе?
Какие документы нужны для регистрации автомобиля?
Что покрывает гарантия на посудомоечную машину?
Где находится запасной выход на третьем этаже?
Как долго молоко хранится в холодильнике?
Каковы симптомы дефицита железа?
Как рассчитывается аренда общинного зала?
Как часто нужно проверять огнетушители?
Какие прививки рекомендуются для поездки в Кению?
Какой срок уведомления указан в договоре аренды?
Где посетители могут припарковаться у стадиона?
Сколько сахара содержит лимонад?
Кто имеет право управлять погрузчиком?
Есть ли сауна в городском бассейне?
""",
    "ja": """
市立図書館は日曜日に何時に開きますか？
ベルリンのどの博物館でエジプトの彫刻が見られますか？
従業員の年間休暇は何日ですか？
国内線の手荷物の最大重量はいくらですか？
メールアカウントのパスワードを再設定するにはどうすればよいですか？
パドヴァの植物園を設立したのは誰ですか？
自動車の登録にはどの書類が必要ですか？
食器洗い機の保証には何が含まれますか？
三階の非常口はどこにありますか？
牛乳は冷蔵庫でどのくらい保存できますか？
鉄分不足の症状は何ですか？
公民館の使用料はどのように計算されますか？
消火器はどのくらいの頻度で点検しますか？
ケニア旅行に推奨される予防接種は何ですか？
賃貸契約の解約予告期間はどのくらいですか？
スタジアムの近くで来場者はどこに駐車できますか？
レモネードには砂糖がどのくらい入っていますか？
フォークリフトを運転できるのは誰ですか？
市民プールにサウナはありますか？
""",
    "zh": """
市图书馆星期天几点开门？
柏林哪些博物馆展出埃及雕塑？
员工每年有多少天年假？
国内航班的行李最大重量是多少？
如何重置电子邮箱的密码？
谁创建了帕多瓦植物园？
汽车登记需要哪些文件？
洗碗机的保修范围包括什么？
三楼的紧急出口在哪里？
牛奶在冰箱里能保存多久？
缺铁的症状有哪些？
社区礼堂的租金怎么计算？
灭火器多久需要检查一次？
去肯尼亚旅行推荐接种哪些疫苗？
租房合同的通知期是多长？
体育场附近游客可以在哪里停车？
柠檬水含有多少糖？
谁可以驾驶叉车？
市游泳馆有桑拿吗？
""",
}
