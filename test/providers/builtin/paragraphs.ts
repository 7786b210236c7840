/** Short paragraphs in many languages, written for these tests. */
export const paragraphs = {
  en: [
    'The train to the coast was late again this morning, so we had coffee at the station and talked about the holidays.',
    'Please send the signed form back before Friday. If you have any questions, our office is open from nine to five.',
    'Scientists found that the birds return to the same island every year, although nobody knows how they find it.',
  ],
  de: [
    'Der Zug an die Küste hatte heute früh wieder Verspätung, deshalb haben wir am Bahnhof noch einen Kaffee getrunken.',
    'Bitte schicken Sie das unterschriebene Formular bis Freitag zurück. Bei Fragen ist unser Büro von neun bis fünf geöffnet.',
    'Die Werkstatt hat den Motor geprüft und keinen Fehler gefunden, aber das Geräusch ist immer noch da.',
  ],
  fr: [
    'Le train pour la côte était encore en retard ce matin, alors nous avons pris un café à la gare avant de partir.',
    'Merci de renvoyer le formulaire signé avant vendredi. Pour toute question, notre bureau est ouvert de neuf à dix-sept heures.',
    'Les chercheurs ont découvert que les oiseaux reviennent chaque année sur la même île, sans que personne sache comment.',
  ],
  es: [
    'El tren hacia la costa llegó tarde otra vez esta mañana, así que tomamos un café en la estación y hablamos del verano.',
    'Por favor, envíe el formulario firmado antes del viernes. Si tiene alguna pregunta, la oficina abre de nueve a cinco.',
    'Los vecinos dicen que el río nunca había crecido tanto y que el puente viejo no va a resistir mucho más.',
  ],
  it: [
    'Il treno per la costa era di nuovo in ritardo questa mattina, quindi abbiamo preso un caffè alla stazione.',
    'La preghiamo di restituire il modulo firmato entro venerdì. Per qualsiasi domanda, il nostro ufficio è aperto dalle nove.',
    'Gli uccelli tornano ogni anno sulla stessa isola, anche se nessuno sa come riescano a ritrovarla.',
  ],
  pt: [
    'O comboio para a costa chegou outra vez atrasado esta manhã, por isso tomámos um café na estação antes de partir.',
    'Por favor, devolva o formulário assinado até sexta-feira. Se tiver dúvidas, o nosso escritório está aberto das nove às cinco.',
    'Os pescadores não saíram para o mar porque o vento estava muito forte e as ondas batiam no cais.',
  ],
  nl: [
    'De trein naar de kust had vanochtend weer vertraging, dus hebben we op het station nog een kop koffie gedronken.',
    'Stuur het ondertekende formulier voor vrijdag terug. Als u vragen heeft, is ons kantoor open van negen tot vijf.',
    'De vogels komen elk jaar terug naar hetzelfde eiland, maar niemand weet hoe ze het kunnen vinden.',
  ],
  pl: [
    'Pociąg nad morze znowu się dzisiaj spóźnił, więc wypiliśmy kawę na dworcu i rozmawialiśmy o wakacjach.',
    'Prosimy odesłać podpisany formularz do piątku. W razie pytań nasze biuro jest czynne od dziewiątej do siedemnastej.',
    'Ptaki wracają co roku na tę samą wyspę, chociaż nikt nie wie, w jaki sposób ją odnajdują.',
  ],
  sv: [
    'Tåget till kusten var försenat igen i morse, så vi drack kaffe på stationen och pratade om semestern.',
    'Vänligen skicka tillbaka den undertecknade blanketten före fredag. Har du frågor är vårt kontor öppet mellan nio och fem.',
    'Fåglarna kommer tillbaka till samma ö varje år, men ingen vet hur de hittar dit.',
  ],
  da: [
    'Toget til kysten var forsinket igen i morges, så vi drak en kop kaffe på stationen og talte om ferien.',
    'Send venligst den underskrevne formular tilbage inden fredag. Hvis du har spørgsmål, er vores kontor åbent fra ni til fem.',
    'Fuglene vender tilbage til den samme ø hvert år, men ingen ved, hvordan de finder den.',
  ],
  fi: [
    'Juna rannikolle oli taas myöhässä tänä aamuna, joten joimme kahvia asemalla ja puhuimme lomasta.',
    'Palauttakaa allekirjoitettu lomake perjantaihin mennessä. Jos teillä on kysyttävää, toimistomme on avoinna yhdeksästä viiteen.',
    'Linnut palaavat joka vuosi samalle saarelle, mutta kukaan ei tiedä, miten ne löytävät sen.',
  ],
  tr: [
    'Sahile giden tren bu sabah yine gecikti, bu yüzden istasyonda kahve içtik ve tatil hakkında konuştuk.',
    'Lütfen imzalı formu cuma gününe kadar geri gönderin. Sorularınız varsa ofisimiz dokuzdan beşe kadar açıktır.',
    'Kuşlar her yıl aynı adaya geri dönüyor, ama adayı nasıl bulduklarını hiç kimse bilmiyor.',
  ],
  cs: [
    'Vlak k moři měl dnes ráno zase zpoždění, a tak jsme si na nádraží dali kávu a povídali si o prázdninách.',
    'Podepsaný formulář prosím vraťte do pátku. Pokud máte nějaké otázky, naše kancelář je otevřena od devíti do pěti.',
    'Ptáci se každý rok vracejí na stejný ostrov, ale nikdo neví, jak ho dokážou najít.',
  ],
  ro: [
    'Trenul spre mare a întârziat din nou în această dimineață, așa că am băut o cafea în gară și am vorbit despre vacanță.',
    'Vă rugăm să trimiteți formularul semnat până vineri. Dacă aveți întrebări, biroul nostru este deschis de la nouă la cinci.',
    'Păsările se întorc în fiecare an pe aceeași insulă, deși nimeni nu știe cum o găsesc.',
  ],
  ru: [
    'Поезд к морю сегодня утром снова опоздал, поэтому мы выпили кофе на вокзале и поговорили об отпуске.',
    'Пожалуйста, верните подписанную форму до пятницы. Если у вас есть вопросы, наш офис открыт с девяти до пяти.',
    'Птицы каждый год возвращаются на тот же остров, хотя никто не знает, как они его находят.',
  ],
  uk: [
    'Потяг до моря сьогодні вранці знову запізнився, тому ми випили кави на вокзалі й поговорили про відпустку.',
    'Будь ласка, поверніть підписану форму до п’ятниці. Якщо у вас є запитання, наш офіс працює з дев’ятої до п’ятої.',
    'Птахи щороку повертаються на той самий острів, хоча ніхто не знає, як вони його знаходять.',
  ],
  el: [
    'Το τρένο για την ακτή άργησε πάλι σήμερα το πρωί, γι’ αυτό ήπιαμε καφέ στον σταθμό και μιλήσαμε για τις διακοπές.',
  ],
  ar: [
    'تأخر القطار المتجه إلى الساحل مرة أخرى هذا الصباح، فشربنا القهوة في المحطة وتحدثنا عن العطلة.',
  ],
  he: ['הרכבת לחוף איחרה שוב הבוקר, ולכן שתינו קפה בתחנה ודיברנו על החופשה הקרובה.'],
  hi: [
    'आज सुबह तट की ओर जाने वाली ट्रेन फिर देर से आई, इसलिए हमने स्टेशन पर कॉफी पी और छुट्टियों के बारे में बात की।',
  ],
  zh: ['今天早上开往海边的火车又晚点了，所以我们在车站喝了咖啡，聊了聊假期的安排。'],
  ja: [
    '今朝も海岸行きの電車が遅れたので、私たちは駅でコーヒーを飲みながら休みの予定について話しました。',
  ],
  ko: [
    '오늘 아침에도 해안으로 가는 기차가 늦어서 우리는 역에서 커피를 마시며 휴가 계획에 대해 이야기했습니다.',
  ],
} as const;
