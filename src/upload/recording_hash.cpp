// GnuTLS uses what processors have for this, several times quicker than GLib, which serves where
// GnuTLS was not there when this was built.
#include "upload/recording_hash.h"

#include "base/clock.h"
#include "glib/ptr.h"

#include <array>

#include <glib.h>
#ifdef GSTTUS_GNUTLS
#include <gnutls/crypto.h>
#endif

namespace gsttus {

namespace {

constexpr seconds kAdding{5}; // a buffer takes no time like that
constexpr std::size_t kDigest = 32;
using Digest = std::array<std::uint8_t, kDigest>;

#ifdef GSTTUS_GNUTLS

class Sha256 {
public:
    Sha256() { valid_ = gnutls_hash_init(&hash_, GNUTLS_DIG_SHA256) == 0; }

    ~Sha256()
    {
        if (valid_)
            gnutls_hash_deinit(hash_, nullptr);
    }

    Sha256(const Sha256 &) = delete;
    Sha256 &operator=(const Sha256 &) = delete;

    void add(std::span<const std::byte> data)
    {
        if (valid_ && gnutls_hash(hash_, data.data(), data.size()) != 0) {
            gnutls_hash_deinit(hash_, nullptr);
            valid_ = false;
        }
    }

    bool digest(Digest &out) const // FALSE: there is none
    {
        const gnutls_hash_hd_t copy = valid_ ? gnutls_hash_copy(hash_) : nullptr;
        if (copy)
            gnutls_hash_deinit(copy, out.data());
        return copy != nullptr;
    }

private:
    gnutls_hash_hd_t hash_ = nullptr;
    bool valid_ = false;
};

#else

class Sha256 {
public:
    void add(std::span<const std::byte> data)
    {
        g_checksum_update(sum_.get(), reinterpret_cast<const guchar *>(data.data()),
                          static_cast<gssize>(data.size()));
    }

    bool digest(Digest &out) const
    {
        const Sum copy(g_checksum_copy(sum_.get()));
        gsize size = out.size();
        g_checksum_get_digest(copy.get(), out.data(), &size);
        return true;
    }

private:
    using Sum = std::unique_ptr<GChecksum, GDelete<&g_checksum_free>>;
    Sum sum_{g_checksum_new(G_CHECKSUM_SHA256)};
};

#endif

} // namespace

struct RecordingHash::State {
    Sha256 sha256;
    std::uint64_t bytes = 0;
    bool spoiled = false;
};

RecordingHash::RecordingHash() : state_(std::make_unique<State>()) {}

RecordingHash::~RecordingHash() = default;

void RecordingHash::add(std::span<const std::byte> data)
{
    if (data.empty())
        return;
    MutexLock lock(mutex_);
    if (!state_->spoiled)
        state_->sha256.add(data);
    state_->bytes += data.size();
    added_.notify_all();
}

void RecordingHash::spoil()
{
    MutexLock lock(mutex_);
    state_->spoiled = true;
    added_.notify_all();
}

std::string RecordingHash::of(std::uint64_t bytes, bool wait) const
{
    const TimePoint until = Clock::now() + kAdding;
    MutexLock lock(mutex_);
    while (wait && !state_->spoiled && state_->bytes < bytes && Clock::now() < until)
        added_.wait_until(lock, until);
    Digest digest{};
    if (state_->spoiled || state_->bytes != bytes || !state_->sha256.digest(digest))
        return {};
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

} // namespace gsttus
