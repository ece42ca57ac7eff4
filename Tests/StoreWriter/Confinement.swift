import Foundation

/// Takes rights and room from this process, so that the store meets the real thing.
enum Confinement {
    /// Root may write what nobody may write; anybody else need not change.
    static func dropRoot() {
        guard geteuid() == 0 else { return }
        guard setgid(65_534) == 0, setuid(65_534) == 0 else { return print("CONFINEMENT FAILED") }
    }

    /// Lets no file of this process grow beyond that many bytes: writing more fails with EFBIG, as a used-up quota
    /// fails with EDQUOT.
    static func limitFileSize(_ bytes: Int) {
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
        #if canImport(Darwin)
            let resource = RLIMIT_FSIZE
        #else
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        #endif
        guard setrlimit(resource, &limit) == 0 else { return print("CONFINEMENT FAILED") }
    }
}
