package normalize

import "watcher/policy"

// months maps the names and usual short forms of months, in lower case and
// without a trailing full stop, to 1 to 12. The forms of all languages share
// one table: no form means two months.
func monthTable() map[string]int {
	table := map[string]int{}
	for _, names := range [][12][]string{
		{{"january", "jan"}, {"february", "feb"}, {"march", "mar"}, {"april", "apr"}, {"may"}, {"june", "jun"}, {"july", "jul"}, {"august", "aug"}, {"september", "sep", "sept"}, {"october", "oct"}, {"november", "nov"}, {"december", "dec"}},
		{{"januar", "jänner"}, {"februar", "feber"}, {"märz", "mär", "mrz", "maerz"}, {}, {"mai"}, {"juni"}, {"juli"}, {}, {}, {"oktober", "okt"}, {}, {"dezember", "dez"}},
		{{"janvier", "janv"}, {"février", "févr", "fevrier", "fév"}, {"mars"}, {"avril", "avr"}, {}, {"juin"}, {"juillet", "juil"}, {"août", "aout"}, {"septembre"}, {"octobre"}, {"novembre"}, {"décembre", "decembre", "déc"}},
		{{"enero", "ene"}, {"febrero"}, {"marzo"}, {"abril", "abr"}, {"mayo"}, {"junio"}, {"julio"}, {"agosto", "ago"}, {"septiembre", "setiembre"}, {"octubre"}, {"noviembre"}, {"diciembre", "dic"}},
		{{"gennaio", "gen"}, {"febbraio"}, {}, {"aprile"}, {"maggio", "mag"}, {"giugno", "giu"}, {"luglio", "lug"}, {}, {"settembre", "set"}, {"ottobre", "ott"}, {}, {"dicembre"}},
		{{"januari"}, {"februari"}, {"maart", "mrt"}, {}, {"mei"}, {}, {}, {"augustus"}, {}, {}, {}, {}},
		{{"janeiro"}, {"fevereiro", "fev"}, {"março", "marco"}, {}, {"maio"}, {"junho"}, {"julho"}, {}, {"setembro"}, {"outubro", "out"}, {"novembro"}, {"dezembro"}},
		{{"stycznia", "styczeń", "sty"}, {"lutego", "luty", "lut"}, {"marca", "marzec"}, {"kwietnia", "kwiecień", "kwi"}, {"maja", "maj"}, {"czerwca", "czerwiec", "cze"}, {"lipca", "lipiec", "lip"}, {"sierpnia", "sierpień", "sie"}, {"września", "wrzesień", "wrz"}, {"października", "październik", "paź"}, {"listopada"}, {"grudnia", "grudzień", "gru"}},
		{{}, {}, {"marts"}, {}, {}, {}, {}, {}, {}, {}, {}, {}},
		{{}, {}, {}, {}, {}, {}, {}, {"augusti"}, {}, {}, {}, {}},
		{{"ledna", "leden"}, {"února", "únor"}, {"března", "březen"}, {"dubna", "duben"}, {"května", "květen"}, {"června", "červen"}, {"července", "červenec"}, {"srpna", "srpen"}, {"září"}, {"října", "říjen"}, {"listopadu"}, {"prosince", "prosinec"}},
		{{"tammikuuta"}, {"helmikuuta"}, {"maaliskuuta"}, {"huhtikuuta"}, {"toukokuuta"}, {"kesäkuuta"}, {"heinäkuuta"}, {"elokuuta"}, {"syyskuuta"}, {"lokakuuta"}, {"marraskuuta"}, {"joulukuuta"}},
		{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {"desember"}},
	} {
		for m, forms := range names {
			for _, f := range forms {
				table[f] = m + 1
			}
		}
	}
	return table
}

var monthNames = monthTable()

// label is the wording by which a document claims a date of itself.
type label struct {
	kind policy.DateKind
	// words is a regular expression for the start of the label, to be matched
	// in lower case.
	words string
	// hints are parts, in lower case, of which every label holds one. They spare
	// most sentences with a date the expression.
	hints []string
}

// labels lists the wordings by language. Longer ones stand before their parts.
func labels() []label {
	return []label{
		// English
		{policy.DateUpdated, `(?:date of )?(?:the )?(?:last|latest|most recent(?:ly)?|recently)[ -](?:updated?|revised?|revision|modified|modification|changed|change|amended|amendment|edited|reviewed)(?: date)?`, []string{"date", "revi", "modif", "chang", "amend", "edit"}},
		{policy.DateUpdated, `(?:has been |have been |was |were |is )?(?:last |most recently )(?:updated|revised|modified|changed|amended|edited|reviewed)`, []string{"date", "revi", "modif", "chang", "amend", "edit"}},
		{policy.DateUpdated, `(?:updated|revised|modified|amended|revision date|date (?:of )?(?:last )?(?:update|revision|modification)|date (?:modified|updated|revised)|update date|version (?:date|dated|of|as of)|this version (?:is )?(?:dated)?|dated|as of)`, []string{"date", "revi", "modif", "amend", "as of", "versi"}},
		{policy.DateEffective, `(?:effective|in effect|in force|applies|applicable|valid|enters? into force|comes? into (?:effect|force)|goes into effect|takes? effect)(?: (?:date|starting|beginning|from|as of|as from|on|since|and last updated))*`, []string{"effe", "force", "appli", "valid"}},
		{policy.DateEffective, `date of (?:entry into force|effect)`, []string{"effe", "force"}},
		{policy.DatePublished, `(?:posted|published|issued|adopted|released|created)(?: (?:on|date|in))?|(?:publication|release|issue) date|date of (?:publication|issue)`, []string{"post", "publi", "issue", "adopt", "releas", "creat"}},
		// German
		{policy.DateUpdated, `(?:zuletzt|letztmals) (?:aktualisiert|geändert|überarbeitet|bearbeitet)|(?:letzte|neueste) (?:aktualisierung|änderung|überarbeitung|fassung)|(?:letzter |aktueller )?stand(?: der (?:information(?:en)?|datenschutzerklärung|angaben))?|aktualisiert|version vom|fassung vom|datum der letzten (?:änderung|aktualisierung)`, []string{"date", "versi", "aktuali", "änder", "arbeit", "fassung", "stand"}},
		{policy.DateEffective, `gültig (?:ab|seit)|in kraft (?:ab|seit|getreten)|wirksam (?:ab|zum|seit)|datum des inkrafttretens|gilt ab`, []string{"gültig", "kraft", "wirksam", "gilt"}},
		{policy.DatePublished, `veröffentlicht`, []string{"öffentlich"}},
		// French
		{policy.DateUpdated, `(?:date de (?:la )?)?(?:dernière|derniere) (?:mise à jour|mise a jour|modification|révision|version|actualisation)|(?:mise?s? à jour|mis à jour|modifiée?|révisée?|actualisée?)|version (?:du|en date du|applicable au)|date de (?:mise à jour|révision|modification)`, []string{"date", "révi", "modif", "versi", "jour", "actuali"}},
		{policy.DateEffective, `(?:date d['’](?:entrée en vigueur|effet|application)|entrée en vigueur|en vigueur|applicables?|prend effet)(?: (?:depuis|à compter|à partir|au|le|du|dès))*`, []string{"effe", "appli", "vigueur"}},
		{policy.DatePublished, `(?:date de publication|publiée?|publication)`, []string{"publi"}},
		// Spanish
		{policy.DateUpdated, `(?:fecha de )?(?:la )?última (?:actualización|modificación|revisión|versión)|(?:actualizad[oa]|modificad[oa]|revisad[oa])(?: por última vez)?|fecha de (?:actualización|revisión|modificación)|versión de`, []string{"revi", "modif", "versi", "actuali"}},
		{policy.DateEffective, `(?:fecha de )?(?:entrada en vigor|vigencia|efectividad)|vigente (?:desde|a partir)|en vigor desde|fecha efectiva`, []string{"vigo", "vigen", "efectiv"}},
		{policy.DatePublished, `(?:fecha de publicación|publicad[oa])`, []string{"publi"}},
		// Italian
		{policy.DateUpdated, `(?:data (?:di|dell['’]) ?)?ultim[oa] (?:aggiornamento|modifica|revisione)|aggiornat[oa]|data di (?:aggiornamento|revisione)|modificat[oa]`, []string{"revi", "modif", "aggiorna"}},
		{policy.DateEffective, `(?:data di )?(?:entrata in vigore|decorrenza|efficacia)|in vigore (?:dal|da)|valid[oa] (?:dal|da)`, []string{"valid", "vigo", "decorrenza", "efficacia"}},
		{policy.DatePublished, `pubblicat[oa]|data di pubblicazione`, []string{"pubbli"}},
		// Dutch
		{policy.DateUpdated, `(?:laatst|laatste keer|voor het laatst) (?:bijgewerkt|gewijzigd|herzien|aangepast)|laatste (?:update|wijziging|herziening|aanpassing)|bijgewerkt|gewijzigd|versie(?: van|datum)?`, []string{"date", "versi", "bijgewerkt", "wijzig", "herzien", "aangepast", "aanpassing"}},
		{policy.DateEffective, `(?:ingangsdatum|in werking|van kracht|geldig|van toepassing)(?: (?:getreden|sinds|vanaf|met ingang van|per|op))*`, []string{"ingang", "werking", "kracht", "geldig", "toepassing"}},
		{policy.DatePublished, `gepubliceerd|publicatiedatum`, []string{"publi"}},
		// Portuguese
		{policy.DateUpdated, `(?:data da )?última (?:atualização|actualização|modificação|revisão|alteração)|(?:atualizad[oa]|actualizad[oa]|modificad[oa]|revisad[oa])|data de (?:atualização|revisão)`, []string{"revi", "modif", "actuali", "atuali", "alteraç"}},
		{policy.DateEffective, `(?:data de )?(?:entrada em vigor|vigência)|em vigor (?:desde|a partir)|data efetiva|válid[oa] a partir`, []string{"válid", "vigo", "vigên", "efetiv"}},
		{policy.DatePublished, `data de publicação|publicad[oa]`, []string{"publi"}},
		// Polish
		{policy.DateUpdated, `(?:data )?ostatni(?:a|ej) (?:aktualizacj[ai]|zmian[ay]|modyfikacj[ai])|ostatnio (?:zaktualizowan[aoey]|zmienion[aoey])|zaktualizowan[aoey]|aktualizacja|wersja z(?: dnia)?`, []string{"modyf", "wersj", "aktuali", "zmian", "zmien"}},
		{policy.DateEffective, `obowiązuj[eą](?: od)?(?: dnia)?|data wejścia w życie|wchodzi w życie|w mocy od`, []string{"obowiązuj", "życie", "mocy"}},
		{policy.DatePublished, `opublikowan[aoey]|data publikacji`, []string{"publi"}},
		// Danish, Norwegian, Swedish
		{policy.DateUpdated, `(?:senest|sidst|sist|senast) (?:opdateret|ændret|revideret|oppdatert|endret|uppdaterad|ändrad|reviderad)|(?:seneste|sidste|siste|senaste) (?:opdatering|ændring|oppdatering|endring|uppdatering|uppdateringen|ändring)|opdateret|oppdatert|uppdaterad|versionsdato`, []string{"date", "revi", "versi", "ändr", "ændr", "endr"}},
		{policy.DateEffective, `(?:gældende|gyldig|gäller|gælder|ikrafttrædelsesdato|træder i kraft|trer i kraft|träder i kraft|i kraft)(?: (?:fra|från|den|siden|sedan|fra og med|från och med))*`, []string{"kraft", "gæld", "gyldig", "gäll"}},
		{policy.DatePublished, `offentliggjort|publiceret|publisert|publicerad`, []string{"publi", "offentlig"}},
		// Czech
		{policy.DateUpdated, `(?:datum )?poslední (?:aktualizace|změn[ay]|úprav[ay]|revize)|naposledy (?:aktualizováno|změněno|upraveno)|aktualizováno|verze ze dne`, []string{"revi", "verze", "aktuali", "změn", "prav"}},
		{policy.DateEffective, `(?:datum )?(?:účinnost[i]?|platnost[i]?)(?: (?:od|dne|ode dne))*|účinn[éáýo](?: od)?|platn[éáýo](?: od)?`, []string{"účinn", "platn"}},
		{policy.DatePublished, `zveřejněno|datum zveřejnění`, []string{"zveřej"}},
		// Japanese and Chinese
		{policy.DateUpdated, `最終(?:更新日?|改定日?|改訂日?|変更日?)|更新日|改定日|改訂日|最后(?:更新|修订|修改)(?:日期|时间|于)?|最近更新(?:日期|时间)?|更新(?:日期|时间|于)|修订日期|版本(?:更新)?日期|最後更新(?:日期)?`, []string{"更", "改", "変", "修", "版"}},
		{policy.DateEffective, `(?:発効日|施行日|適用開始日|生效(?:日期|时间)?|生效日)`, []string{"発効", "施行", "適用", "生效"}},
		{policy.DatePublished, `(?:公開日|制定日|掲載日|发布(?:日期|时间)?|公布日期|發佈日期)`, []string{"公", "制定", "掲載", "发布", "發佈"}},
	}
}

// suffixLabels are written after the date, as in "2024年4月1日 改定".
func suffixLabels() []label {
	return []label{
		{policy.DateUpdated, `(?:最終)?(?:改定|改訂|更新|変更)|修订|修改|last updated|updated`, []string{"date", "更", "改", "変", "修"}},
		{policy.DateEffective, `施行|発効|適用|起?生效|起施行|effective`, []string{"effe", "発効", "施行", "適用", "生效"}},
		{policy.DatePublished, `制定|公開|掲載|发布|公布`, []string{"公", "制定", "掲載", "发布"}},
	}
}
