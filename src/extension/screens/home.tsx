import '../../ui/theme.css'
import './home.css'
import { type ReactElement, useEffect, useState } from 'react'
import { homeUpdate } from '#bridge/contract.ts'
import type { Home as HomeState } from '#bridge/shapes.ts'
import { askBackground, openLivePort } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { nameDocument } from '#ui/document-language.ts'
import { text } from '#ui/texts.ts'
import { HomeScreen } from './home-screen.tsx'
import { UnlockScreen } from './unlock-screen.tsx'

/** The popup: what the wallet holds and does, told live by the background worker. */
export function Home(): ReactElement {
  const [home, setHome] = useState<HomeState>()
  useEffect(() => {
    nameDocument(text('extensionName'))
    const port = openLivePort('home', homeUpdate, update => setHome(update.home))
    return () => port.close()
  }, [])
  // A window opened to unlock has done its work once that is done.
  const isUnlockWindow = location.search === '?window=unlock'
  const unlocked = home?.wallet.status === 'unlocked'
  useEffect(() => {
    if (isUnlockWindow && unlocked) window.close()
  }, [isUnlockWindow, unlocked])

  return (
    <main className="home" aria-busy={home === undefined}>
      {home === undefined ? (
        <HomeSkeleton />
      ) : home.wallet.status === 'absent' ? (
        <Absent />
      ) : home.wallet.status === 'locked' ? (
        <UnlockScreen />
      ) : (
        <HomeScreen home={home} wallet={home.wallet} />
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
