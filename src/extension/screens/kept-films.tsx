import { type ReactElement, useState } from 'react'
import { keptMiBChoices, type Settings } from '#bridge/shapes.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { useAsking } from './use-asking.ts'

const mibPerGib = 1024

/** How much of what was watched stays on this machine, and the button that clears it away. */
export function KeptFilms({ settings }: { readonly settings: Settings }): ReactElement {
  const { busy, failure, run } = useAsking()
  const [cleared, setCleared] = useState(false)
  const choose = (value: string): void => {
    const keptMiB = keptMiBChoices.find(choice => String(choice) === value)
    if (keptMiB !== undefined)
      void run(async () => void (await askBackground('settings-set', { ...settings, keptMiB })))
  }
  const clear = (): void =>
    void run(async () => {
      await askBackground('films-forget', {})
      setCleared(true)
    })
  return (
    <section className="stack ruled-above">
      <div className="field">
        <label htmlFor="kept-films">{text('keptFilms')}</label>
        <select
          id="kept-films"
          value={settings.keptMiB}
          onChange={event => choose(event.currentTarget.value)}
        >
          {keptMiBChoices.map(mib => (
            <option key={mib} value={mib}>
              {mib < mibPerGib ? text('keptMiB', String(mib)) : text('keptGiB', String(mib / mibPerGib))}
            </option>
          ))}
        </select>
      </div>
      <p className="small quiet">{text('keptNote')}</p>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <div className="row">
        <Button onClick={clear} busy={busy}>
          {text('forgetFilms')}
        </Button>
        <span className="small quiet" aria-live="polite">
          {cleared && text('forgotFilms')}
        </span>
      </div>
    </section>
  )
}
