import '../../ui/theme.css'
import './home.css'
import { type ReactElement, useEffect, useState } from 'react'
import { type HomeUpdate, homeUpdate } from '#bridge/contract.ts'
import { askBackground, openLivePort } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { nameDocument } from '#ui/document-language.ts'
import { text } from '#ui/texts.ts'
import { ApprovalScreen } from './approval-screen.tsx'
import { HomeScreen } from './home-screen.tsx'
import { UnlockScreen } from './unlock-screen.tsx'

/** The popup: what the wallet holds and does, told live by the background worker. */
export function Home(): ReactElement {
  const [update, setUpdate] = useState<HomeUpdate>()
  useEffect(() => {
    nameDocument(text('extensionName'))
    const port = openLivePort('home', homeUpdate, setUpdate)
    return () => port.close()
  }, [])
  const home = update?.home
  const [approval, ...waiting] = update?.approvals ?? []
  // A window opened to unlock has done its work once that is done.
  const isUnlockWindow = location.search === '?window=unlock'
  const unlocked = home?.wallet.status === 'unlocked'
  useEffect(() => {
    if (isUnlockWindow && unlocked) window.close()
  }, [isUnlockWindow, unlocked])

  // So has one opened for a site's question, once there is none.
  const [wasAsked, setWasAsked] = useState(false)
  const isAsked = approval !== undefined
  useEffect(() => {
    if (isAsked) setWasAsked(true)
    else if (wasAsked && location.search === '?window=approval') window.close()
  }, [isAsked, wasAsked])

  return (
    <main className="home" aria-busy={home === undefined}>
      {home === undefined || update === undefined ? (
        <>
          <h1 className="sr-only">{text('extensionName')}</h1>
          <HomeSkeleton />
        </>
      ) : home.wallet.status === 'absent' ? (
        <Absent />
      ) : home.wallet.status === 'locked' ? (
        <UnlockScreen />
      ) : approval !== undefined ? (
        <ApprovalScreen key={approval.id} approval={approval} more={waiting.length} />
      ) : (
        <HomeScreen
          home={home}
          wallet={home.wallet}
          transfers={update?.transfers ?? []}
          earning={update.earning}
        />
      )}
    </main>
  )
}

function Absent(): ReactElement {
  return (
    <div className="stack middle">
      <h1>{text('absentTitle')}</h1>
      <p className="quiet">{text('absentLead')}</p>
      <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'onboarding' })}>
        {text('absentAction')}
      </Button>
    </div>
  )
}

function HomeSkeleton(): ReactElement {
  return (
    <div className="stack padded" aria-hidden="true">
      <span className="skeleton" style={{ width: 120, height: 20 }} />
      <span className="skeleton" style={{ width: 190, height: 30, marginTop: 20 }} />
      <span className="skeleton" style={{ height: 120, marginTop: 20 }} />
    </div>
  )
}
