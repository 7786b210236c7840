/**
 * What gives a language away, for languages that share a script: its most frequent small words, letter groups that
 * it uses much more than its neighbours (`_` is a word's edge), and letters that few others have.
 */

export const languageCodes = [
  'en',
  'de',
  'fr',
  'es',
  'it',
  'pt',
  'nl',
  'pl',
  'sv',
  'da',
  'fi',
  'tr',
  'cs',
  'ro',
  'ru',
  'uk',
  'el',
  'ar',
  'he',
  'hi',
  'zh',
  'ja',
  'ko',
] as const;
export type LanguageCode = (typeof languageCodes)[number];

export type LanguageProfile = {
  readonly words: ReadonlySet<string>;
  readonly groups: readonly string[];
  readonly letters: string;
};

const profile = (words: string, groups: string, letters: string): LanguageProfile => ({
  words: new Set(words.split(' ')),
  groups: groups.split(' '),
  letters,
});

/** Languages in Latin letters. */
export const latinProfiles = {
  en: profile(
    'the of and to a in is that it was for on are as with his they at be this from have or by one had not but what ' +
      'all were we when your can said there use an each which she do how their if will up other about out many then ' +
      'them these so some her would make like him into has more no been who its now than my our you i could did over',
    '_th the he_ ing ng_ ed_ nd_ _wh _sh tio ght ould _yo ly_ ow_ ay_ ity oo ea ck ry_ ould wh',
    '',
  ),
  de: profile(
    'der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat ' +
      'dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis ' +
      'mehr durch man sein wurde sei ich wir kann wenn schon uns mein ihre ihr seine diese dieser keine unter gegen',
    'ein sch ich der ch_ en_ _ge _be ung ung_ cht ver _ver ier _zu eit keit _au ß ie_ er_ tz hen lic sp pf',
    'äöüß',
  ),
  fr: profile(
    'le la les de des du et est un une en que qui dans pour pas sur au aux ce il elle ne se plus par avec son sa ' +
      'ses sont nous vous je tu on mais ou où cette ces été être avoir fait comme tout tous leur leurs même aussi ' +
      'bien sans deux entre après avant très était ont ai peut si lui dont encore depuis sous chez donc car ainsi',
    'les _qu ent ent_ eau _le ais ait oi eux ous ux_ tion ez_ _ch _au que_ ell our_ _dé es_ lle ê ion_',
    'éèêçàùâîôœë',
  ),
  es: profile(
    'de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin ' +
      'sobre este ya entre cuando todo esta ser son dos también fue había era muy hasta desde está mi porque qué ' +
      'sólo han yo hay vez puede todos así nos ni parte tiene uno donde bien tiempo ella otro otra esto ese pueden',
    'ión ció _el os_ as_ _qu ado _lo _la ue_ ien _de dad_ ll ñ _es ía mente_ _ha nte ar_ uev ues',
    'ñáéíóú¿¡',
  ),
  it: profile(
    'di e il la che in a per un è del non una sono con si da come al le dei nel alla più anche della ha i lo gli ' +
      'ma o se questo questa ai dal suo sua loro delle degli stato essere dopo ci cui nella tra molto fatto fra due ' +
      'hanno tutti quando sul dalla perché era prima solo già ogni così dove noi chi mi io quello quella sulla ancora',
    '_di lla zio ion one_ _ch che gli ell tto _de nte to_ re_ _è_ zza cci ggi are_ ere_ ità_ _un ch gn',
    'èàòùì',
  ),
  pt: profile(
    'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ' +
      'ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter ' +
      'seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos são sobre ainda',
    'ção ão_ _nã ões _qu os_ nh lh ado _do _da em_ _um ent ais_ ei mente_ eu_ _se õe ão dade_ ço',
    'ãõçáéíóúâê',
  ),
  nl: profile(
    'de het een en van in is dat op te zijn met die voor niet aan er om ook als maar door bij ze uit nog naar heeft ' +
      'hij worden dan wordt ik je we wel werd deze over zo kan meer was geen hebben tot waren had of hun haar mijn ' +
      'veel onder tegen moet zou wat al toen alle omdat waar kunnen na dit nu mensen ons hier daar tussen zich',
    '_de een en_ ij aa ee oo het _va van _ge sch ijk _he cht uit lij _ve eid heid_ _zi ten_ oe ou ui nde',
    'ĳë',
  ),
  pl: profile(
    'w i na z się nie do jest że to o jak a po co ale za od był przez tym są dla jego jej czy tak być było która ' +
      'który które tylko oraz może ich ten ta już go ze także przed przy jednak gdy kiedy bardzo była były pod we ma ' +
      'roku lub więc bez jako nad sobie mnie tego tej tych nas nam tam gdzie jeszcze został zostały ponieważ aby',
    'rze prz _pr _ni nie sz cz szy owa _po ie_ ych _wy dz ego_ ści rz ć_ ął _je ów_ ię_ ją_ _si ski',
    'ąćęłńśźż',
  ),
  sv: profile(
    'och i att det som en på är av för med den till inte om ett han men var jag de har från vi så kan när hade ' +
      'eller hon efter man sig ut vid nu under också skulle upp blev mycket vara alla mot där denna mer sedan över ' +
      'sin sitt detta dem bara ha få något ska hur genom mellan varit många andra blir då inom kunde dessa oss',
    'och _oc att för _fö ar_ na_ är_ tt_ ör _at ska ning ning_ sk _sk ade_ ll_ ck lig _på nde_ äl ån ä',
    'äöå',
  ),
  da: profile(
    'og i at det er en til af den på for med der de som ikke et har han men var jeg fra vi kan når havde eller hun ' +
      'efter man sig ud ved nu under også skulle op blev meget være alle mod hvor denne mere siden over sin sit ' +
      'dette dem kun få noget skal hvordan gennem mellem været mange andre bliver da inden kunne disse os ind hvad',
    '_og og_ ikk ke_ for er_ et_ _af _ti øre ger _hv hv lig ede_ ning sk _sk else_ gt_ ld_ _på nde_ æ ø jd',
    'æøå',
  ),
  fi: profile(
    'ja on ei se että oli hän ovat olla mutta niin kun tai myös joka kuin sen ole ne hänen mitä jos vain siitä sitä ' +
      'minä me he nyt ennen jälkeen kanssa olisi voi tämä tämän ollut sekä mukaan vielä sitten koska eivät vaan joita ' +
      'jotka kaikki niitä jo noin hyvin siinä missä kuten näin ilman asti välillä saa pitää paljon meidän heidän eikä',
    'en_ in_ ta_ an_ ssa lla tä_ ää aa ii uu kk tt ssä_ ssa_ _ja ist sta_ ksi_ yö ää_ nen_ _ol uo ie lli ään_',
    'äö',
  ),
  tr: profile(
    've bir bu da de için ile çok olarak gibi daha olan kadar sonra ne var her en o ama değil ki mi ise göre iki ben ' +
      'sen biz onlar şey zaman yok bunu onun önce diye ancak hem ya veya olduğu olduğunu olup tarafından üzerinde ' +
      'nasıl neden hiç bütün bazı şu içinde arasında yeni büyük tüm kendi olduğunda karşı oldu edildi etti yıl ilk',
    'lar ler lar_ ler_ ın_ in_ an_ yor dır mak ına ını _bi eri ğı ı_ ş _ya _ol ile le_ dan_ den_ di_ nda iy',
    'ğışçöü',
  ),
  cs: profile(
    'a v se na je že o s z to do i k pro by si ale jako za po tak jsem jsou od byl jeho které který která při ' +
      'jen nebo být bylo bude již co už však až aby také podle jejich byla když kde než mezi před není má ze pouze ' +
      'byly tom ten ta pak není mohl může více tento této jak ještě protože kdy bez pod nad ve ji mu ho jej své',
    '_po ní_ _pr ch_ ost _je ou_ ých _ne ně ř é_ ých_ ého_ ova _na st tí _ne př ky_ ení_ _vy ů uj',
    'ěščřžýáíéůúňťď',
  ),
  ro: profile(
    'de și în a la cu pe nu o care că un din este ce mai sunt se pentru să au fost sau fi ca lui prin ei ai lor dar ' +
      'când după până despre între sa acest această fără foarte era aceste acestea toate cum doar dacă către a ' +
      'unei unui iar decât avea avut fiind al ale cel cea cei lângă noi voi el ea însă astfel asupra unde sub fie si',
    'ul_ ulu lui_ ea_ are_ _în ții ție ă_ și_ _să _de _pr est le_ rea or_ ilo lor_ ată_ ește_ uri_ _cu ți',
    'ășțâî',
  ),
} as const satisfies Partial<Record<LanguageCode, LanguageProfile>>;

/** Languages in Cyrillic letters. */
export const cyrillicProfiles = {
  ru: profile(
    'и в не на что он с как это но по к у же из за от бы так все его она они мы вы я для то был была было были ' +
      'только еще ещё если или уже когда до ни при есть их чтобы чем может быть более после где вот очень этот эта ' +
      'эти того который которая которые время через также себя нет без под нас мне тоже между сейчас будет',
    'ого_ _по ени _пр ств ть_ ый_ ого ать_ ный ние_ ся_ ии_ _что _не ет_ ые_ ия_ ть ой_',
    'ыэёъ',
  ),
  uk: profile(
    'і в не на що він з як це але по до у та за від би так всі його вона вони ми ви я для то був була було були ' +
      'тільки ще якщо або вже коли ні при є їх щоб ніж може бути більше після де ось дуже цей ця ці того який яка ' +
      'які час через також себе немає без під нас мені теж між зараз буде й про під час проте своїх свою',
    'ння ння_ ого_ _пр _по ти_ ий_ ти ськ ії_ ють_ ів_ _що _не ати_ ній_ ає_ ся_ ії іс',
    'іїєґ',
  ),
} as const satisfies Partial<Record<LanguageCode, LanguageProfile>>;
