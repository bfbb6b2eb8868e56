// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiRegistry} from "../../../contracts/ParatiiRegistry.sol";
import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {IVideoTerms} from "../../../contracts/interfaces/IVideoTerms.sol";
import {Allotments} from "../../../contracts/libraries/Allotments.sol";
import {CompactSignatures, Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal, Terms} from "../../../contracts/libraries/Deals.sol";
import {Test} from "../support/Test.sol";

/// @dev A registry that sells whatever it is told to.
contract FixedTerms is IVideoTerms {
    bytes32 private _hash;

    function set(bytes32 hash) external {
        _hash = hash;
    }

    function termsHash(bytes32, bytes32) external view returns (bytes32) {
        return _hash;
    }
}

/// @dev The golden vectors that TypeScript replays too: contracts must read what clients sign.
contract VideoStoreVectorsTest is Test {
    FixedTerms private terms;
    VideoStore private template;
    bytes private tokenCode;
    string private json;
    string private row;

    function setUp() external {
        vm.warp(1_800_000_000);
        vm.chainId(31_337);
        terms = new FixedTerms();
        tokenCode = address(new ParatiiToken(address(this))).code;
    }

    function test_OrdersOpenThePurchasesThatTheirVectorsName() external {
        json = vm.readFile("test/vectors/order.json");
        uint256 count;
        for (; vm.keyExistsJson(json, path(count)); ++count) {
            row = path(count);
            openVector();
        }
        assertTrue(count >= 3, "vectors were read");
    }

    function test_ReceiptsAreOfTheirSigners() external {
        json = vm.readFile("test/vectors/receipt.json");
        uint256 count;
        for (; vm.keyExistsJson(json, path(count)); ++count) {
            row = path(count);
            VideoStore store = storeAt(readAddress("store"), address(0));
            bytes32 structHash = keccak256(
                abi.encode(
                    keccak256("Receipt(bytes32 purchase,uint32 leaf,uint40 bytes,bytes32 hash)"),
                    readWord("purchase"),
                    readUint("leaf"),
                    readUint("bytes"),
                    readWord("hash")
                )
            );
            bytes32 digest = toDigest(store.domainSeparator(), structHash);
            assertEq(digest, readWord("digest"), "digest");
            assertEq(this.recover(digest, readSignature("buyer_signature")), readAddress("signer"), "signer");
        }
        assertTrue(count >= 3, "vectors were read");
    }

    function test_AllotmentsHaveTheWordsOfTheirVectors() external {
        json = vm.readFile("test/vectors/allotments.json");
        uint256 count;
        for (; vm.keyExistsJson(json, path(count)); ++count) {
            row = path(count);
            address[] memory payees = vm.parseJsonAddressArray(json, key("payees"));
            address[] memory payouts = vm.parseJsonAddressArray(json, key("payouts"));
            uint256[] memory caps = vm.parseJsonUintArray(json, key("caps"));
            bytes32[] memory words = vm.parseJsonBytes32Array(json, key("words"));
            for (uint32 i; i < payees.length; ++i) {
                bytes32 word = Allotments.leaf(i, payees[i], payouts[i], uint40(caps[i]));
                assertEq(word, words[i], "leaf");
                bytes32[] memory branch = readUint("depth") == 0
                    ? new bytes32[](0)
                    : vm.parseJsonBytes32Array(json, string.concat(key("branches"), "[", vm.toString(i), "]"));
                assertEq(branch.length, readUint("depth"), "depth");
                (bool fits, bytes32 root) = this.rootOf(word, i, branch);
                assertTrue(fits, "sums fit");
                assertEq(root, readWord("commitment"), "commitment");
            }
        }
        assertTrue(count >= 3, "vectors were read");
    }

    function recover(bytes32 digest, Signature calldata signature) external view returns (address) {
        return CompactSignatures.recover(digest, signature);
    }

    function rootOf(bytes32 word, uint32 index, bytes32[] calldata branch) external pure returns (bool, bytes32) {
        return Allotments.tryRoot(word, index, branch);
    }

    function openVector() private {
        address token = readAddress("token");
        VideoStore store = storeAt(readAddress("store"), token);
        IVideoStoreTypes.Order memory order = readOrder();
        terms.set(readWord("terms"));
        assertEq(store.hashDeal(order.deal), readWord("deal"), "deal");
        bool byAllowance = keccak256(bytes(vm.parseJsonString(json, key("payment")))) == keccak256("allowance");
        uint256 value = readUint("authorizationValue");
        // Slots of OpenZeppelin's ERC20: balances 0, allowances 1.
        bytes32 balance = keccak256(abi.encode(order.buyer, 0));
        vm.store(token, balance, bytes32(value));
        bytes32 allowances = keccak256(abi.encode(order.buyer, 1));
        vm.store(token, keccak256(abi.encode(address(store), allowances)), bytes32(byAllowance ? value : 0));
        Signature memory node = readSignature("IPFS_signature");
        Signature memory wallet = readSignature("wallet_signature");
        bytes32 nonce = byAllowance
            ? store.purchase(order, node, wallet)
            : store.purchaseWithAuthorization(order, node, wallet);
        assertEq(nonce, readWord("nonce"), "nonce");
        assertEq(ParatiiToken(token).balanceOf(order.buyer), 0, "all was taken");
        store.requestCloseBySignature(
            readWord("deal"),
            readAddress("signer"),
            order.allotments,
            order.deal.depth == 0 ? address(0) : order.buyer,
            readSignature("requestCloseSignature")
        );
        assertTrue(store.purchaseOf(nonce).closing, "closing");
        // Vectors that differ in payment alone name the same purchase.
        vm.store(address(store), nonce, 0);
    }

    /// @dev A store and its token with the addresses that the vector was signed for.
    function storeAt(address target, address token) private returns (VideoStore) {
        if (token != address(0)) vm.etch(token, tokenCode);
        template = new VideoStore(ParatiiToken(token), terms, ParatiiRegistry(address(0)), 1 days);
        vm.etch(target, address(template).code);
        return VideoStore(target);
    }

    function readOrder() private view returns (IVideoStoreTypes.Order memory) {
        Terms memory read = Terms({
            id: readWord("id"),
            format: readWord("format"),
            root: readWord("root"),
            price: uint96(readUint("price")),
            fee: uint64(readUint("fee")),
            ttl: uint32(readUint("ttl")),
            size: uint40(readUint("size")),
            owner: readAddress("owner"),
            affiliateBps: uint16(readUint("affiliateBps")),
            avatarBps: uint16(readUint("avatarBps"))
        });
        return IVideoStoreTypes.Order({
            buyer: readAddress("buyer"),
            deal: Deal(read, uint40(readUint("capacity")), uint8(readUint("depth")), readAddress("affiliate")),
            allotments: readWord("allotments"),
            relayFee: uint96(readUint("relayFee")),
            validUntil: uint40(readUint("validUntil")),
            salt: readWord("salt")
        });
    }

    function path(uint256 number) private pure returns (string memory) {
        return string.concat("$[", vm.toString(number), "]");
    }

    function key(string memory name) private view returns (string memory) {
        return string.concat(row, ".", name);
    }

    function readWord(string memory name) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, key(name));
    }

    function readUint(string memory name) private view returns (uint256) {
        return vm.parseJsonUint(json, key(name));
    }

    function readAddress(string memory name) private view returns (address) {
        return vm.parseJsonAddress(json, key(name));
    }

    function readSignature(string memory name) private view returns (Signature memory) {
        (bytes32 r, bytes32 vs) = abi.decode(vm.parseJsonBytes(json, key(name)), (bytes32, bytes32));
        return Signature(r, vs);
    }
}
