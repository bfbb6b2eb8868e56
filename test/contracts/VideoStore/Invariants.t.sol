// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {PinnedReceipt} from "../../../contracts/libraries/PinnedReceipts.sol";
import {StoreFixture} from "../support/StoreFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev Two buyers, one with code that always reverts, a host, an owner who edits, a site, and liars acting in any order; it
/// keeps its own books.
contract StoreHandler is StoreFixture {
    struct Opened {
        bytes32 nonce;
        Deal deal;
        bytes32 allotments;
        uint256 signerKey;
        uint256 buyerKey;
        uint40 cap;
        uint256 signed; // the most that the signer ever signed
        bool reclaimed;
    }

    uint256 private constant _OTHER_BUYER_KEY = 0xB0B2;

    Opened[] private _opened;
    uint256 private _now = 1_800_000_000;
    uint96 private _price = PRICE;

    constructor() {
        deploy();
        address other = vm.addr(_OTHER_BUYER_KEY);
        token.transfer(other, 100_000 ether);
        vm.prank(other);
        token.approve(address(store), type(uint256).max);
        vm.etch(other, hex"60006000fd");
    }

    function open(uint40 capacity, uint40 cap, bool affiliated) external {
        if (_opened.length == 12) return;
        vm.warp(_now);
        capacity = uint40(bound(capacity, 0, uint256(SIZE) * 2));
        cap = uint40(bound(cap, 0, capacity));
        IVideoStoreTypes.Order memory order = pinnedOrder(capacity, bytes32(_opened.length));
        if (!affiliated) order.deal.affiliate = address(0);
        order.allotments = pinnedWord(cap);
        uint256 signerKey = 1000 + _opened.length;
        uint256 buyerKey = _opened.length % 2 == 0 ? BUYER_KEY : _OTHER_BUYER_KEY;
        order.buyer = vm.addr(buyerKey);
        Signature memory node = signNodeKey(order, signerKey);
        bytes32 nonce = store.purchase(order, node, sign(buyerKey, digestOrder(order, node)));
        _opened.push(Opened(nonce, order.deal, order.allotments, signerKey, buyerKey, cap, 0, false));
    }

    function settle(uint256 which, uint40 byteCount, uint256 copies) external {
        if (_opened.length == 0) return;
        vm.warp(_now);
        Opened storage one = _opened[which % _opened.length];
        byteCount = uint40(bound(byteCount, 0, uint256(SIZE) * 3));
        if (byteCount > one.signed) one.signed = byteCount;
        PinnedReceipt[] memory receipts = new PinnedReceipt[](copies % 3 + 1);
        for (uint256 i; i < receipts.length; ++i) {
            receipts[i] = pinnedReceipt(one.nonce, one.signerKey, uint40(byteCount / (i + 1)));
        }
        settlePinned(one.deal, one.cap, receipts);
    }

    function forge(uint256 which, uint40 byteCount, uint256 how) external {
        if (_opened.length == 0) return;
        vm.warp(_now);
        Opened storage one = _opened[which % _opened.length];
        Opened storage other = _opened[(which / 7) % _opened.length];
        PinnedReceipt memory receipt = pinnedReceipt(one.nonce, one.signerKey, byteCount);
        if (how % 4 == 0) receipt.signature = signReceipt(one.signerKey + 500, one.nonce, 0, byteCount);
        if (how % 4 == 1) receipt.signature = signReceipt(one.signerKey, one.nonce, 1, byteCount);
        if (how % 4 == 2) receipt.signerAndBytes |= 1 << 39;
        if (how % 4 == 2 && byteCount >> 39 == 1) return;
        if (how % 4 == 3) {
            if (other.nonce == one.nonce) return;
            receipt.signature = signReceipt(one.signerKey, other.nonce, 0, byteCount);
        }
        settleOne(one.deal, one.cap, receipt);
    }

    function requestClose(uint256 which, bool byBuyer) external {
        if (_opened.length == 0) return;
        vm.warp(_now);
        Opened storage one = _opened[which % _opened.length];
        Signature memory signature = signRequestClose(byBuyer ? one.buyerKey : one.signerKey, one.nonce);
        bytes32 dealHash = store.hashDeal(one.deal);
        try store.requestCloseBySignature(
            dealHash, vm.addr(one.signerKey), one.allotments, address(0), signature
        ) {} catch {}
    }

    function reclaim(uint256 which) external {
        if (_opened.length == 0) return;
        vm.warp(_now);
        Opened storage one = _opened[which % _opened.length];
        try store.reclaim(one.deal, vm.addr(one.signerKey), one.allotments, address(0)) {
            one.reclaimed = true;
        } catch {}
    }

    function edit(uint96 price) external {
        vm.warp(_now);
        _price = uint96(bound(price, 0, 2 ether));
        vm.prank(OWNER);
        videos.edit(id, aDocument(), formats(_price));
    }

    function pass(uint256 time) external {
        _now += bound(time, 0, PERIOD);
    }

    /// @dev Invariant 1: tokens held are the escrows of open purchases less what their bytes earned.
    function held() external view returns (uint256 found, uint256 expected) {
        found = token.balanceOf(address(store));
        for (uint256 i; i < _opened.length; ++i) {
            Opened storage one = _opened[i];
            if (one.reclaimed) continue;
            (uint256 gross, uint256 fees) = earned(one);
            expected += escrowOf(one.deal) - gross - fees;
        }
    }

    /// @dev Invariant 2: nobody is paid more than the signer signed and the cap allows; sums by the spec to the unit.
    function paid() external view returns (bool withinSigned, uint256 found, uint256 expected) {
        withinSigned = true;
        for (uint256 i; i < _opened.length; ++i) {
            Opened storage one = _opened[i];
            (uint256 gross, uint256 fees) = earned(one);
            expected += gross + fees;
            uint256 counted = store.paidBytes(one.nonce, 0);
            if (counted > one.signed || counted > one.cap) withinSigned = false;
        }
        found = token.balanceOf(hostOf(0).payout) + token.balanceOf(OWNER) + token.balanceOf(AFFILIATE)
            + token.balanceOf(AVATAR);
    }

    /// @dev Invariant 3: what the buyer is short of is in the store or with those who earned it.
    function spent() external view returns (uint256) {
        return 200_000 ether - token.balanceOf(BUYER) - token.balanceOf(vm.addr(_OTHER_BUYER_KEY));
    }

    function earned(Opened storage one) private view returns (uint256 gross, uint256 fees) {
        uint256 counted = store.paidBytes(one.nonce, 0);
        (gross,,) = sharesOf(one.deal, counted);
        fees = counted * one.deal.terms.fee;
    }
}

contract VideoStoreInvariantsTest is Test {
    StoreHandler private _handler;
    address[] private _targets;

    function setUp() external {
        _handler = new StoreHandler();
        _targets.push(address(_handler));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    /// @dev One invariant of three, so that one run of actions serves them all.
    function invariant_TheBooksBalance() external view {
        (uint256 held, uint256 owed) = _handler.held();
        assertEq(held, owed, "tokens held are open escrows");
        (bool withinSigned, uint256 paid, uint256 earned) = _handler.paid();
        assertTrue(withinSigned, "nobody is paid more than was signed and allotted");
        assertEq(paid, earned, "everybody is paid what the bytes earned");
        assertEq(_handler.spent(), held + paid, "the buyer spends what is held or earned");
    }
}
