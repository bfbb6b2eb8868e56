import { type FormEvent, type ReactElement, useState } from 'react'
import type { SiteRule, SiteView } from '#bridge/shapes.ts'
import { formatPti, parsePti, ptiFromWei } from '#std/amount.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { type TextKey, text } from '#ui/texts.ts'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

/** What was decided about each site, to be changed or taken back. */
export function SitesScreen({ sites }: { readonly sites: readonly SiteView[] }): ReactElement {
  const [open, setOpen] = useState<string>()
  const site = sites.find(({ origin }) => origin === open)
  if (site !== undefined) return <SiteForm site={site} back={() => setOpen(undefined)} />
  return (
    <Screen title={text('sites')}>
      {sites.length === 0 ? (
        <p className="quiet">{text('sitesEmpty')}</p>
      ) : (
        <ul className="stack tight" data-testid="sites">
          {sites.map(({ origin, rule, usedTodayWei }) => (
            <li key={origin}>
              <button
                type="button"
                className="button wide entry-button site-button"
                onClick={() => setOpen(origin)}
              >
                <span className="title">{new URL(origin).host}</span>
                <span className="small quiet">{ruleText(rule, usedTodayWei)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Screen>
  )
}

function ruleText(
  { perDayWei, alwaysWei, isConnected, mayRead, mayControl }: SiteRule,
  usedTodayWei: bigint,
): string {
  if (perDayWei === 0n) return text('siteNever')
  const parts = [
    ...(isConnected ? [text('siteConnected')] : []),
    ...(mayRead ? [text('siteReads')] : []),
    ...(mayControl ? [text('siteControls')] : []),
    ...(alwaysWei === undefined ? [] : [text('siteAlways', formatPti(alwaysWei))]),
    ...(usedTodayWei > 0n ? [text('siteToday', formatPti(usedTodayWei))] : []),
  ]
  return parts.length > 0 ? parts.join(' · ') : text('siteAsks')
}

function SiteForm({ site, back }: { readonly site: SiteView; readonly back: () => void }): ReactElement {
  const { origin, rule, usedTodayWei } = site
  const [perDay, setPerDay] = useState(amountTyped(rule.perDayWei))
  const [always, setAlways] = useState(amountTyped(rule.alwaysWei))
  const [granted, setGranted] = useState<Granted>({ ...rule })
  const [tried, setTried] = useState(false)
  const { busy, failure, run } = useAsking()
  const [perDayWei, alwaysWei] = [readAmount(perDay), readAmount(always)]
  const isWrong = perDayWei === 'wrong' || alwaysWei === 'wrong'
  const save = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (isWrong) return
    const next: SiteRule = {
      ...(perDayWei === undefined ? {} : { perDayWei }),
      ...(alwaysWei === undefined ? {} : { alwaysWei }),
      ...(granted.isConnected ? { isConnected: true } : {}),
      ...(granted.mayRead ? { mayRead: true } : {}),
      ...(granted.mayControl ? { mayControl: true } : {}),
    }
    void run(async () => {
      await askBackground('site-set', { origin, rule: next })
      back()
    })
  }
  return (
    <Screen title={new URL(origin).host} back={back}>
      <form className="stack" onSubmit={save} noValidate>
        <p className="quiet small">{text('siteUsed', formatPti(usedTodayWei))}</p>
        <Field
          label={text('siteDay')}
          hint={text('siteDayHint')}
          value={perDay}
          onText={setPerDay}
          wrong={tried && perDayWei === 'wrong' ? text('amountWrong') : undefined}
        />
        <Field
          label={text('siteAlwaysLabel')}
          hint={text('siteAlwaysHint')}
          value={always}
          onText={setAlways}
          wrong={tried && alwaysWei === 'wrong' ? text('amountWrong') : undefined}
        />
        {grants.map(([grant, label]) => (
          <label className="row" key={grant}>
            <input
              type="checkbox"
              checked={granted[grant] === true}
              disabled={rule[grant] !== true}
              onChange={event => setGranted({ ...granted, [grant]: event.currentTarget.checked })}
            />
            {text(label)}
          </label>
        ))}
        {failure !== undefined && <Notice loss>{failure}</Notice>}
        <div className="row">
          <Button kind="primary" type="submit" busy={busy}>
            {text('save')}
          </Button>
          <Button
            onClick={() =>
              void run(async () => {
                await askBackground('site-forget', { origin })
                back()
              })
            }
          >
            {text('siteForget')}
          </Button>
        </div>
      </form>
    </Screen>
  )
}

/** What was granted by a question of its own can be taken back here, and only asked for anew. */
type Granted = Pick<SiteRule, 'isConnected' | 'mayRead' | 'mayControl'>
const grants: readonly (readonly [keyof Granted, TextKey])[] = [
  ['isConnected', 'siteMaySee'],
  ['mayRead', 'siteMayRead'],
  ['mayControl', 'siteMayControl'],
]

const amountTyped = (wei: bigint | undefined): string => (wei === undefined ? '' : ptiFromWei(wei))

/** Nothing typed is no limit. */
function readAmount(typed: string): bigint | undefined | 'wrong' {
  return typed.trim() === '' ? undefined : (parsePti(typed.trim()) ?? 'wrong')
}
