import { type FormEvent, type ReactElement, useState } from 'react'
import { autoLockChoices, type Budget, type Home, type Settings, type WalletState } from '#bridge/shapes.ts'
import { formatPti, parsePti, ptiFromWei } from '#std/amount.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { AccountsScreen } from './accounts-screen.tsx'
import { BackupScreen } from './backup-screen.tsx'
import { KeptFilms } from './kept-films.tsx'
import { NetworkScreen } from './network-screen.tsx'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

type PresentWallet = Exclude<WalletState, { status: 'absent' }>
type SettingsProps = { readonly home: Home; readonly wallet: PresentWallet }

export function SettingsScreen({ home, wallet }: SettingsProps): ReactElement {
  const [open, setOpen] = useState<'backup' | 'accounts' | 'network'>()
  const back = (): void => setOpen(undefined)
  if (open === 'backup') return <BackupScreen settings={wallet.settings} back={back} />
  if (open === 'accounts') return <AccountsScreen wallet={wallet} back={back} />
  if (open === 'network')
    return <NetworkScreen networks={wallet.networks} network={wallet.network} back={back} />
  return (
    <Screen title={text('settings')}>
      <BudgetForm budget={wallet.budget} used={home.used} />
      <Choices settings={wallet.settings} />
      <KeptFilms settings={wallet.settings} />
      <section className="stack tight ruled-above">
        <Button wide onClick={() => setOpen('backup')}>
          {text('backup')}
        </Button>
        <Button wide onClick={() => setOpen('accounts')}>
          {text('accounts')}
        </Button>
        <Button wide onClick={() => setOpen('network')}>
          {text('network')}
        </Button>
      </section>
      <p className="small quiet">{text('privacyNote')}</p>
    </Screen>
  )
}

function BudgetForm({
  budget,
  used,
}: {
  readonly budget: Budget
  readonly used: Home['used']
}): ReactElement {
  const [typed, setTyped] = useState({
    perVideoWei: ptiFromWei(budget.perVideoWei),
    perDayWei: ptiFromWei(budget.perDayWei),
    perMonthWei: ptiFromWei(budget.perMonthWei),
  })
  const [tried, setTried] = useState(false)
  const [saved, setSaved] = useState(false)
  const { busy, failure, run } = useAsking()
  const read = {
    perVideoWei: parsePti(typed.perVideoWei.trim()),
    perDayWei: parsePti(typed.perDayWei.trim()),
    perMonthWei: parsePti(typed.perMonthWei.trim()),
  }
  const save = (event: FormEvent): void => {
    event.preventDefault()
    const { perVideoWei, perDayWei, perMonthWei } = read
    setTried(true)
    if (perVideoWei === undefined || perDayWei === undefined || perMonthWei === undefined) return
    void run(async () => {
      await askBackground('budget-set', { perVideoWei, perDayWei, perMonthWei })
      setSaved(true)
    })
  }
  const fieldOf = (name: keyof typeof typed, label: string, hint?: string): ReactElement => (
    <Field
      label={label}
      hint={hint}
      value={typed[name]}
      onText={value => {
        setSaved(false)
        setTyped({ ...typed, [name]: value })
      }}
      wrong={tried && read[name] === undefined ? text('amountWrong') : undefined}
    />
  )
  return (
    <form className="stack" onSubmit={save} noValidate aria-labelledby="budget">
      <h2 id="budget">{text('budget')}</h2>
      {fieldOf('perVideoWei', text('budgetVideo'))}
      {fieldOf('perDayWei', text('budgetDay'), text('budgetUsed', formatPti(used.dayWei)))}
      {fieldOf('perMonthWei', text('budgetMonth'), text('budgetUsed', formatPti(used.monthWei)))}
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <div className="row">
        <Button kind="primary" type="submit" busy={busy}>
          {text('save')}
        </Button>
        <span className="small quiet" aria-live="polite">
          {saved && text('saved')}
        </span>
      </div>
    </form>
  )
}

function Choices({ settings }: { readonly settings: Settings }): ReactElement {
  const { failure, run } = useAsking()
  const change = (part: Partial<Settings>): void =>
    void run(async () => void (await askBackground('settings-set', { ...settings, ...part })))
  return (
    <section className="stack ruled-above">
      <div className="field">
        <label htmlFor="auto-lock">{text('autoLock')}</label>
        <select
          id="auto-lock"
          value={settings.autoLockMinutes}
          onChange={event => {
            const minutes = autoLockChoices.find(choice => String(choice) === event.currentTarget.value)
            if (minutes !== undefined) change({ autoLockMinutes: minutes })
          }}
        >
          {autoLockChoices.map(minutes => (
            <option key={minutes} value={minutes}>
              {minutes === 0 ? text('autoLockBrowser') : text('autoLockMinutes', String(minutes))}
            </option>
          ))}
        </select>
      </div>
      <label className="row">
        <input
          type="checkbox"
          checked={settings.resumesAlone}
          onChange={event => change({ resumesAlone: event.currentTarget.checked })}
        />
        {text('resumesAlone')}
      </label>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
    </section>
  )
}
